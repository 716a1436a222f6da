"""Matrices as whole numbers with a scale for each group of a row: how they are rounded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ovpipe.modelling.weights import Array

_CHUNK = 1 << 20
"""How many values are rounded at once, so that what the rounding makes on its way stays small."""

_SHRUNK = (1.0, 0.95, 0.9, 0.85, 0.8, 0.75)
"""Which shares of a group's range are tried: a narrower one clips few weights and rounds the others finer."""

_TINY = np.finfo(np.float16).tiny


@dataclass(frozen=True)
class Levels:
    """A matrix [out, in]: weight = scale * (number - zero).

    - `numbers`: i8 [out, in], or of two u4 in a byte [out, in / 2], the earlier in the lower half.
    - `scales`: f16 [out, groups, 1], of groups of the same size.
    - `zeros`: u8 alike; None: there is nothing to subtract.
    """

    numbers: NDArray[np.int8] | NDArray[np.uint8]
    scales: NDArray[np.float16]
    zeros: NDArray[np.uint8] | None = None

    @property
    def bits(self) -> int:
        """Of a number."""
        return 8 if self.numbers.dtype == np.int8 else 4

    @property
    def shape(self) -> tuple[int, int, int]:
        """Rows, groups of a row, and numbers of a group."""
        rows, groups, _ = self.scales.shape
        return rows, groups, self.numbers.shape[1] * (8 // self.bits) // groups


def stacked(parts: Sequence[Levels]) -> Levels:
    """Matrices one below the other; their groups are of one size."""
    zeros = [part.zeros for part in parts if part.zeros is not None]
    return Levels(
        np.concatenate([part.numbers for part in parts]),
        np.concatenate([part.scales for part in parts]),
        np.concatenate(zeros) if zeros else None,
    )


def int8_levels(matrix: Array, size: int | None = None) -> Levels:
    """8-bit levels in groups of `size`, or of a whole row; a group's largest magnitude becomes 127."""
    rows, columns = matrix.shape
    size = size or columns
    numbers = np.empty((rows, columns), np.int8)
    scales = np.empty((rows, columns // size, 1), np.float16)
    for some in chunks(matrix):
        part = matrix[some].reshape(-1, columns // size, size)
        largest = np.abs(part).max(axis=2, keepdims=True)
        # Rounded to f16 before it divides, so that the integers are right for the scale that is stored.
        scale = np.maximum(largest / 127, _TINY).astype(np.float16)
        rounded = np.clip(np.rint(part / scale.astype(np.float32)), -127, 127)
        numbers[some] = rounded.reshape(-1, columns)
        scales[some] = scale
    return Levels(numbers, scales)


def int4_levels(matrix: Array, size: int) -> Levels:
    """4-bit levels in groups of `size`, with a zero of each group's own.

    Of several shares of a group's range, and for each the scale that fits its numbers best, the one with the
    least squared error is taken.
    """
    rows, columns = matrix.shape
    groups = columns // size
    numbers = np.empty((rows, columns // 2), np.uint8)
    scales = np.empty((rows, groups, 1), np.float16)
    zeros = np.empty((rows, groups, 1), np.uint8)
    for some in chunks(matrix):
        found, scale, zero = _best_of_shares(matrix[some].reshape(-1, groups, size))
        numbers[some] = packed(found.reshape(-1, columns))
        scales[some], zeros[some] = scale, zero
    return Levels(numbers, scales, zeros)


def packed(numbers: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Numbers of 4 bits [rows, columns], two in a byte, the earlier in the lower half."""
    pairs: NDArray[np.uint8] = (numbers[:, 0::2] | (numbers[:, 1::2] << 4)).astype(np.uint8, copy=False)
    return pairs


def chunks(matrix: NDArray[Any]) -> Iterator[slice]:
    """The rows, some at a time."""
    height = max(1, _CHUNK // max(1, matrix.shape[1]))
    return (slice(start, start + height) for start in range(0, len(matrix), height))


def _best_of_shares(part: Array) -> tuple[NDArray[np.uint8], NDArray[np.float16], NDArray[np.uint8]]:
    low = np.minimum(part.min(axis=2, keepdims=True), 0)
    high = np.maximum(part.max(axis=2, keepdims=True), 0)
    least = np.full(low.shape, np.inf, np.float32)
    numbers = np.zeros(part.shape, np.uint8)
    scales = np.zeros(low.shape, np.float16)
    zeros = np.zeros(low.shape, np.uint8)
    for share in _SHRUNK:
        step = np.maximum((high - low) * np.float32(share / 15), _TINY)
        zero = np.rint(-low * np.float32(share) / step)
        found = np.clip(np.rint(part / step) + zero, 0, 15)
        apart = found - zero
        squares = (apart * apart).sum(axis=2, keepdims=True)
        fitted = (part * apart).sum(axis=2, keepdims=True) / np.maximum(squares, 1)
        scale = np.maximum(fitted, _TINY).astype(np.float16)
        error = ((part - scale.astype(np.float32) * apart) ** 2).sum(axis=2, keepdims=True)
        better = error < least
        least = np.where(better, error, least)
        numbers = np.where(better, found.astype(np.uint8), numbers)
        scales = np.where(better, scale, scales)
        zeros = np.where(better, zero.astype(np.uint8), zeros)
    return numbers, scales, zeros
