"""The model inside the package: what `ovpipe serve` serves when it is told nothing."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

NAME = "tiny-random"
GRAPH = "chat"


def embedded_parameters() -> dict[str, Any]:
    """The chat graph's parameters for it: f32, so that a request gives the same text alone and in a batch."""
    return {
        "models_path": str(Path(str(files("ovpipe.models"))) / NAME),
        "plugin_config": {"INFERENCE_PRECISION_HINT": "f32", "KV_CACHE_PRECISION": "f32"},
    }
