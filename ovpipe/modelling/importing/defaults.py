"""What an import does when nobody says it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ovpipe.modelling.storage import WeightsChoice


def default_weights(path: Path) -> WeightsChoice:
    """How weights are stored: as int8, whatever the source is."""
    return "int8"
