"""Numbers of 4 bits with a float minimum, as levels with a whole zero and the rest of the minimum."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from openvino import opset13 as ops

from ovpipe.modelling.constants import Precision
from ovpipe.modelling.layers.values import ints
from ovpipe.modelling.levels import Levels, packed
from ovpipe.modelling.weights import Array

GROUP = 32
_MIDDLE = 8
_COARSEST = 0.01
"""Of the square of a step: how far off the rests may be in the mean."""


@dataclass(frozen=True)
class Kept:
    """How matrices are stored where some keep the numbers that their source has.

    `levels` gives a matrix's by the parameter's name; None where its numbers cannot be kept near enough.
    """

    precisions: Callable[[str], Precision]
    levels: Callable[[str], Levels | None]

    def __call__(self, name: str) -> Precision:
        """How the matrix of this name is stored."""
        return self.precisions(name)


def levels_and_rests(
    numbers: NDArray[np.uint8], scales: Array, minima: Array, *, rests: bool
) -> Levels | None:
    """Blocks (weight = scale * number + minimum, 32 in a group) as scale * (number - zero) + rest.

    The zero is the whole number nearest to -minimum / scale, and the rest what that leaves of the minimum,
    half a scale at most. A group's rest is multiplied with the sum of its inputs, so the rests are columns
    behind the matrix's own, for inputs behind which `with_sums` puts the sums. They have 4 bits, too, and a
    scale for each 32 of them. Without `rests` there must be none.

    None where the rests are too far apart for 4 bits.
    """
    scales, zeros, numbers, left = _with_zeros(numbers, scales, minima)
    kept = Levels(packed(numbers), _column(scales), _column(zeros).astype(np.uint8))
    if not rests:
        return None if left.any() else kept
    padded = np.zeros((len(left), _padded(left.shape[1])), np.float32)
    padded[:, : left.shape[1]] = left
    groups = padded.reshape(len(left), -1, GROUP)
    tiny = np.finfo(np.float16).tiny
    steps = np.maximum(np.abs(groups).max(axis=2, keepdims=True) / 7, tiny).astype(np.float16)
    apart = np.clip(np.rint(groups / steps.astype(np.float32)), -_MIDDLE, 7)
    off = (groups - steps.astype(np.float32) * apart).reshape(padded.shape)[:, : left.shape[1]]
    if (off**2).mean() > _COARSEST * (scales**2).mean():
        return None
    columns = packed((apart + _MIDDLE).astype(np.uint8).reshape(padded.shape))
    assert kept.zeros is not None
    return Levels(
        np.concatenate([kept.numbers, columns], axis=1),
        np.concatenate([kept.scales, steps], axis=1),
        np.concatenate([kept.zeros, np.full(steps.shape, _MIDDLE, np.uint8)], axis=1),
    )


def with_sums(x: Any, columns: int) -> Any:
    """Inputs [B, T, columns], and behind them the sums of each 32 of them, zeros up to a multiple of 32."""
    groups = columns // GROUP
    sums = ops.reduce_sum(ops.reshape(x, ints([0, 0, groups, GROUP]), True), ints([3]), False)
    missing = _padded(groups) - groups
    if missing:
        sums = ops.pad(sums, ints([0, 0, 0]), ints([0, 0, missing]), "constant")
    return ops.concat([x, sums], 2)


def _with_zeros(
    numbers: NDArray[np.uint8], scales: Array, minima: Array
) -> tuple[Array, Array, NDArray[np.uint8], Array]:
    """Scales as f16 has them, zeros, numbers, and what is left of the minima.

    A group whose scale is 0 has one value, its minimum: that value becomes the scale, a step from the zero.
    """
    stored = scales.astype(np.float16).astype(np.float32)
    flat = stored == 0
    with np.errstate(divide="ignore", invalid="ignore"):
        zeros = np.clip(np.nan_to_num(np.rint(-minima / stored)), 0, 255).astype(np.float32)
    left = minima + stored * zeros
    if flat.any():
        one_value = np.repeat(flat, GROUP, axis=1)
        numbers = np.where(one_value, np.uint8(1), numbers)
        stored = np.where(flat, minima.astype(np.float16).astype(np.float32), stored)
        zeros, left = np.where(flat, np.float32(0), zeros), np.where(flat, np.float32(0), left)
    return stored, zeros, numbers, left


def _column(values: Array) -> NDArray[np.float16]:
    return values[..., None].astype(np.float16)


def _padded(count: int) -> int:
    return -(-count // GROUP) * GROUP
