"""What a model's folder says about it: the JSON files and the shapes in the OpenVINO IR."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import openvino as ov


class CacheVariable(msgspec.Struct, frozen=True):
    """One state variable of attention in the IR: shaped [batch, heads, tokens, head size]."""

    heads: int
    head_size: int
    is_key: bool
    """Keys and values are stored differently where the cache is quantised."""


class ModelFolder(msgspec.Struct, frozen=True, kw_only=True):
    """The facts an engine needs before it loads the model."""

    path: Path
    config: dict[str, Any]
    generation_config: dict[str, Any]
    cache_variables: list[CacheVariable]
    logits_size: int | None
    weights_bytes: int
    compressed_bytes: int
    """Of the weights, those in elements of at most 8 bits."""

    @classmethod
    def read(cls, path: Path) -> ModelFolder:
        """Reads the folder; the weights are only mapped. Raises FileNotFoundError where there is no model."""
        xml = path / "openvino_model.xml"
        if not xml.is_file():
            raise FileNotFoundError(f"{path} is no OpenVINO model folder: it has no openvino_model.xml")
        model = ov.Core().read_model(xml)
        last = model.output("logits").partial_shape[-1]
        return cls(
            path=path,
            config=_read_json(path / "config.json"),
            generation_config=_read_json(path / "generation_config.json"),
            cache_variables=list(_cache_variables(model)),
            logits_size=last.get_length() if last.is_static else None,
            weights_bytes=xml.with_suffix(".bin").stat().st_size,
            compressed_bytes=_compressed_bytes(model),
        )

    @property
    def context_length(self) -> int | None:
        """Tokens the model was made for, where config.json says it."""
        return self._config_number("max_position_embeddings")

    @property
    def vocab_size(self) -> int:
        """One more than the largest token id that has an embedding and a logit."""
        sizes = [n for n in (self._config_number("vocab_size"), self.logits_size) if n is not None]
        if not sizes:
            raise ValueError(
                f"{self.path}: neither config.json nor the logits' shape states the vocabulary's size"
            )
        return min(sizes)

    @property
    def eos_token_ids(self) -> frozenset[int]:
        """The end-of-sequence ids that generation_config.json states, or else config.json."""
        for source in (self.generation_config, self.config, self._text_config):
            stated = source.get("eos_token_id")
            if stated is not None:
                return frozenset(stated if isinstance(stated, list) else [stated])
        return frozenset()

    @property
    def _text_config(self) -> dict[str, Any]:
        """Where models of several modalities keep what concerns their language model."""
        nested = self.config.get("text_config")
        return nested if isinstance(nested, dict) else {}

    def _config_number(self, name: str) -> int | None:
        for source in (self.config, self._text_config):
            if isinstance(value := source.get(name), int):
                return value
        return None


def _read_json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        content = json.loads(path.read_bytes())
    except ValueError as error:
        raise ValueError(f"{path} is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise ValueError(f"{path} holds no JSON object")
    return content


def _cache_variables(model: Any) -> Iterator[CacheVariable]:
    """The ReadValue operations of attention caches. Other state (of convolutions, say) has other ranks."""
    for operation in model.get_ops():
        if operation.get_type_name() != "ReadValue":
            continue
        shape = operation.output(0).partial_shape
        if shape.rank.is_static and len(shape) == 4 and shape[1].is_static and shape[3].is_static:
            yield CacheVariable(
                heads=shape[1].get_length(),
                head_size=shape[3].get_length(),
                # optimum-intel's names: past_key_values.0.keypresent.0.key
                is_key=not operation.get_variable_id().endswith("value"),
            )


def _compressed_bytes(model: Any) -> int:
    constants = [one for one in model.get_ops() if one.get_type_name() == "Constant"]
    return sum(int(one.get_byte_size()) for one in constants if one.get_element_type().bitwidth <= 8)
