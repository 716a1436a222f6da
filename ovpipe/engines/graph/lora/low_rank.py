"""LowRank and Adapter: what a LoRA adapter adds to a model's projections."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float32]


@dataclass(frozen=True)
class LowRank:
    """Added to a projection of x: `x @ down.T @ up.T`. The adapter's strength is in `up`."""

    down: Matrix
    """[rank, inputs]"""
    up: Matrix
    """[outputs, rank]"""

    @property
    def rank(self) -> int:
        """How many numbers a token has between the two."""
        return int(self.down.shape[0])


@dataclass(frozen=True)
class Adapter:
    """A LoRA adapter by the name that requests give."""

    name: str
    place: Any
    """Where it was read from, for errors."""
    changes: Mapping[str, LowRank]
    """By the projection, as `model.layers.0.self_attn.q_proj`."""
