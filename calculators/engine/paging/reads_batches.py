"""ReadsBatches: what the model's node needs of a model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ovpipe.calculators.engine.packets import BatchRow, BlockCopy


class ReadsBatches(Protocol):
    """What the model's node needs of a model."""

    def read(self, rows: Sequence[BatchRow]) -> NDArray[np.float32]:
        """Reads the rows into the cache: logits [places, vocabulary].

        First those after the rows' sampled places, row by row; then those after their scored places.
        """

    def copy_blocks(self, copies: Sequence[BlockCopy]) -> None:
        """Copies blocks of the cache onto others."""
