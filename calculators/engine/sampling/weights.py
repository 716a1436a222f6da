"""Weights: the exponentials of a row's logits, by which chance and log-probabilities are reckoned."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ovpipe.calculators.engine.packets import LogitsRow

BLOCK: Final = 24_576
"""Tokens that are reckoned with at once. Memory for so many stays in the processor's cache; memory for a row,
asked for anew each time, costs more than its exponentials."""


def weights_of(logits: LogitsRow, top: float, temperature: float) -> NDArray[np.float32]:
    """exp((logit - top) / temperature) of each logit, in an array of their own."""
    return _weights(logits, top, temperature, np.empty(len(logits), np.float32))


def block_sums(logits: LogitsRow, top: float, temperature: float) -> NDArray[np.float64]:
    """The sums of the weights of each `BLOCK` tokens of a row; those of the last block may be fewer."""
    buffer = np.empty(min(BLOCK, len(logits)), np.float32)
    begins = range(0, len(logits), BLOCK)
    blocks = (logits[begin : begin + BLOCK] for begin in begins)
    sums = [float(_weights(block, top, temperature, buffer[: len(block)]).sum()) for block in blocks]
    return np.array(sums, np.float64)


def log_sum_exp(logits: LogitsRow, top: float) -> float:
    """The logarithm of the sum of a row's exponentials, of which `top` is the largest logit.

    It is 0 where logits are log-probabilities.
    """
    return top + math.log(float(block_sums(logits, top, 1.0).sum()))


def _weights(
    logits: LogitsRow, top: float, temperature: float, out: NDArray[np.float32]
) -> NDArray[np.float32]:
    np.subtract(logits, np.float32(top), out=out)
    if temperature != 1:
        out /= np.float32(temperature)
    return np.exp(out, out=out)
