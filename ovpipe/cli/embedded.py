"""The model inside the package: `ovpipe serve` without arguments serves it."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

NAME = "tiny-chat"


def embedded_parameters() -> dict[str, Any]:
    """The parameters of the graphs that serve the embedded model.

    It is exact, so that a request gives the same text alone and in a batch. By default the CPU uses bf16
    where it can, and rounds the factors of 8-bit weights to 8 bits, too.
    """
    return {
        "models_path": str(Path(str(files("ovpipe.models"))) / NAME),
        "engine": {"exact": True},
    }
