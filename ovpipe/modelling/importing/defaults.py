"""What an import does when nobody says it. Whoever asks loads no OpenVINO."""

from __future__ import annotations

from typing import Final, Literal

DEFAULT_WEIGHTS: Final[Literal["int8"]] = "int8"
"""How weights are stored."""
