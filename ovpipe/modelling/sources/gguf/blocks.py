"""StoredBlocks of 4-bit numbers as they stand in a GGUF file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ovpipe.modelling.weights import Array

GROUP = 32
"""How many numbers have a scale and a minimum in common."""

Bytes = NDArray[np.uint8]


@dataclass(frozen=True)
class StoredBlocks:
    """A matrix [rows, columns]: weight = scale * number + minimum.

    `numbers` are u8 [rows, columns] from 0 to 15, `scales` and `minima` f32 [rows, columns / 32].
    """

    numbers: Bytes
    scales: Array
    minima: Array


def blocks_of(kind: str, stored: Bytes) -> StoredBlocks:
    """The blocks of a tensor's rows [rows, bytes] of a type in KEPT."""
    rows, _ = stored.shape
    numbers, scales, minima = KEPT[kind](stored)
    return StoredBlocks(numbers.reshape(rows, -1), scales.reshape(rows, -1), minima.reshape(rows, -1))


def _q4_0(stored: Bytes) -> tuple[Bytes, Array, Array]:
    """f16 scale, 16 bytes; the number stands for number - 8."""
    blocks = stored.reshape(-1, 18)
    scales = _half(blocks[:, :2])
    return _halves(blocks[:, 2:]), scales, scales * np.float32(-8)


def _q4_1(stored: Bytes) -> tuple[Bytes, Array, Array]:
    """f16 scale, f16 minimum, 16 bytes."""
    blocks = stored.reshape(-1, 20)
    return _halves(blocks[:, 4:]), _half(blocks[:, :2]), _half(blocks[:, 2:4])


def _q4_k(stored: Bytes) -> tuple[Bytes, Array, Array]:
    """f16 scale, f16 minimum, of each of 8 groups 6 bits by which they are multiplied, 128 bytes."""
    from gguf.quants import Q4_K

    blocks = stored.reshape(-1, 144)
    scales, minima = Q4_K.get_scale_min(blocks[:, 4:16])
    numbers = _halves(blocks[:, 16:].reshape(-1, GROUP))
    return (
        numbers,
        _half(blocks[:, :2]) * scales.reshape(-1, 8).astype(np.float32),
        -_half(blocks[:, 2:4]) * minima.reshape(-1, 8).astype(np.float32),
    )


def _half(pairs: Bytes) -> Array:
    return np.ascontiguousarray(pairs).view("<f2").astype(np.float32)


def _halves(stored: Bytes) -> Bytes:
    """The lower halves of some bytes, and then their upper halves."""
    return np.concatenate([stored & 15, stored >> 4], axis=1)


KEPT: Mapping[str, Callable[[Bytes], tuple[Bytes, Array, Array]]] = {
    "Q4_0": _q4_0,
    "Q4_1": _q4_1,
    "Q4_K": _q4_k,
}
"""The types whose numbers fit OpenVINO's 4 bits in groups of 32."""
