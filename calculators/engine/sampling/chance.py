"""The chance of a draw: one number for each token of a completion, whatever else is in the batch."""

from __future__ import annotations

import numpy as np


def uniform(seed: int, position: int) -> float:
    """The number in [0, 1) for the token at this position of a completion.

    By a counter-based generator (Philox): it depends on seed and position alone. So a completion is the same
    alone and in a batch, and after a preemption.
    """
    generator = np.random.Generator(np.random.Philox(key=seed % 2**64, counter=position))
    return float(generator.random())
