"""A model folder as openvino-genai reads it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import openvino as ov

from ovpipe.modelling.config import DecoderConfig


def write_model_folder(
    path: Path,
    *,
    model: ov.Model,
    tokenizer: ov.Model,
    detokenizer: ov.Model,
    config: DecoderConfig,
    eos_token: str,
    pad_token: str,
    chat_template: str | None = None,
    generation_config: Mapping[str, Any] | None = None,
) -> None:
    """Writes the three models and their JSON files; what the folder holds besides stays as it is.

    generation_config.json holds the config's token ids and what `generation_config` adds to them. The
    same models and arguments make the same bytes.
    """
    path.mkdir(parents=True, exist_ok=True)
    models = {
        "openvino_model": model,
        "openvino_tokenizer": tokenizer,
        "openvino_detokenizer": detokenizer,
    }
    for name, part in models.items():
        # Weights are in the precision their builder chose. Compressing to f16 here would take the
        # rotary frequencies along, which lose positions by it.
        ov.save_model(part, path / f"{name}.xml", compress_to_fp16=False)
    tokenizer_config = {"eos_token": eos_token, "pad_token": pad_token}
    if chat_template is not None:
        tokenizer_config["chat_template"] = chat_template
    _write_json(path / "config.json", config.to_json())
    _write_json(path / "generation_config.json", {**config.token_ids(), **(generation_config or {})})
    _write_json(path / "tokenizer_config.json", tokenizer_config)


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")
