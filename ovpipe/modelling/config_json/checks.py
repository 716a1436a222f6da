"""What of a config.json ovpipe does not build."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ovpipe.modelling.architectures import (
    ARCHITECTURES,
    COMMON_KEYS,
    IGNORED_KEYS,
    MIXTURES_OF_EXPERTS,
    Architecture,
)
from ovpipe.modelling.unsupported import UnsupportedModel


def architecture_of(content: Mapping[str, Any]) -> Architecture:
    kind = content.get("model_type")
    if isinstance(kind, str) and kind in MIXTURES_OF_EXPERTS:
        raise UnsupportedModel(
            f"config.json: {kind!r} is a mixture of experts, which ovpipe does not build yet"
        )
    architecture = ARCHITECTURES.get(kind) if isinstance(kind, str) else None
    if architecture is None:
        raise UnsupportedModel(
            f"config.json: model_type {kind!r} is not one of those that ovpipe builds: "
            f"{', '.join(ARCHITECTURES)}"
        )
    named = content.get("architectures") or architecture.class_name
    classes = named if isinstance(named, list) else [named]
    if architecture.class_name not in classes:
        raise UnsupportedModel(
            f"config.json: the model is a {', '.join(map(str, classes))}; of {kind!r} ovpipe builds "
            f"{architecture.class_name}"
        )
    return architecture


def check_keys(content: Mapping[str, Any], architecture: Architecture) -> None:
    """Raises for a key that may change the numbers and that nothing here reads."""
    known = COMMON_KEYS | architecture.keys | IGNORED_KEYS
    unknown = {
        key: value
        for key, value in content.items()
        # What is private, empty, zero or off changes nothing.
        if key not in known and not key.startswith("_") and value not in (None, False, 0, "", [], {})
    }
    if unknown:
        shown = ", ".join(f"{key} = {_short(value)}" for key, value in unknown.items())
        raise UnsupportedModel(
            f"config.json: ovpipe does not know what {shown} does to a {content['model_type']} model"
        )
    if content.get("quantization_config"):
        quantised = content["quantization_config"]
        method = quantised.get("quant_method") if isinstance(quantised, Mapping) else None
        raise UnsupportedModel(
            f"config.json: the weights are quantised ({method or 'quantization_config'}); "
            "ovpipe reads f32, f16 and bf16",
            "Take the repository of the unquantised model, or a GGUF file of it.",
        )


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:40]}..."
