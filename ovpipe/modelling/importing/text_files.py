"""The JSON files and the chat template of an imported model."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ovpipe.modelling.config import DecoderConfig
from ovpipe.modelling.config_json.reader import text_part
from ovpipe.modelling.importing.stop_tokens import stop_tokens
from ovpipe.modelling.sources.model_source import ModelSource


def write_text_files(folder: Path, source: ModelSource, config: DecoderConfig) -> None:
    """Writes config.json, generation_config.json, tokenizer_config.json and chat_template.jinja.

    They are the source's own, with two changes: config.json states the context that the model was built
    for, and generation_config.json every token that ends an answer.
    """
    tokens = dict(source.tokenizer_config)
    if isinstance(template := tokens.get("chat_template"), str):
        del tokens["chat_template"]
        # A lone surrogate, which JSON can hold, is no character.
        (folder / "chat_template.jinja").write_text(template, "utf-8", errors="replace", newline="")
    _write(folder / "config.json", _config(source, config))
    _write(folder / "generation_config.json", _generation_config(source, config))
    _write(folder / "tokenizer_config.json", tokens)


def _config(source: ModelSource, config: DecoderConfig) -> dict[str, Any]:
    content = dict(source.config)
    if text_part(content) is content:  # else a model that sees images, whose contexts are as stated
        content["max_position_embeddings"] = config.max_position_embeddings
    return content


def _generation_config(source: ModelSource, config: DecoderConfig) -> dict[str, Any]:
    stops = stop_tokens(source)
    stated = {**config.token_ids(), **source.generation_config}
    return {**stated, **({"eos_token_id": stops[0] if len(stops) == 1 else stops} if stops else {})}


def _write(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n", "utf-8")
