"""How weights stand in a model: as floats, or as 8-bit integers with a scale for each output channel."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal, assert_never

import numpy as np
from numpy.typing import NDArray
from openvino import opset13 as ops

from ovpipe.modelling.weights import Array

Precision = Literal["f32", "f16", "int8"]
Storage = Precision | Callable[[str], Precision]
"""How matrices are stored: all alike, or each by the name of its parameter."""
Keep = Callable[[str, NDArray[Any]], NDArray[Any]]
"""Takes a constant's name and values, and gives the array that stands for them in the graph."""

_CHUNK = 1 << 22
"""How many values are converted at once, so that what the conversion makes on its way stays small."""


def precision_of(storage: Storage, name: str) -> Precision:
    """How the matrix of this name is stored."""
    return storage(name) if callable(storage) else storage


def in_memory(name: str, values: NDArray[Any]) -> NDArray[Any]:
    """Keeps the values as they are."""
    return values


def vector_constant(values: Array, name: str, rank: int) -> Any:
    """A norm's weight or a bias, with leading dimensions of 1 up to `rank`."""
    return ops.constant(values.reshape([1] * (rank - 1) + [-1]), name=name)


def matrix_constant(matrix: Array, name: str, precision: Precision, keep: Keep = in_memory) -> Any:
    """A matrix [out, in], stored in `precision`, as a node of type f32."""

    def constant(suffix: str, values: NDArray[Any]) -> Any:
        kept = keep(name + suffix, values)
        # An array of its own is shared with the graph; the caller's may change.
        return ops.constant(
            kept, name=name + suffix, shared_memory=kept is not matrix and kept.flags.writeable
        )

    match precision:
        case "f32":
            return constant("", np.ascontiguousarray(matrix))
        case "f16":
            return ops.convert(constant("", matrix.astype(np.float16)), "f32")
        case "int8":
            # i8 values times an f16 scale [out, 1]: the pattern of nncf's symmetric INT8. OpenVINO's CPU
            # plugin knows Constant(i8) -> Convert -> Multiply(scale) in front of a MatMul or a Gather and
            # multiplies with the 8-bit weights as they are.
            levels, scale = int8_levels(matrix)
            half = ops.convert(constant("", levels), "f16")
            return ops.convert(ops.multiply(half, constant("/scale", scale)), "f32")
        case _:
            assert_never(precision)


def int8_levels(matrix: Array) -> tuple[NDArray[np.int8], NDArray[np.float16]]:
    """A matrix [out, in] as 8-bit levels and a scale [out, 1]; a row's largest magnitude becomes 127."""
    levels = np.empty(matrix.shape, np.int8)
    scales = np.empty((len(matrix), 1), np.float16)
    for rows in _chunks(matrix):
        part = matrix[rows]
        largest = np.abs(part).max(axis=1, keepdims=True)
        # Rounded to f16 before it divides, so that the integers are right for the scale that is stored.
        scale = np.maximum(largest / 127, np.finfo(np.float16).tiny).astype(np.float16)
        levels[rows] = np.clip(np.rint(part / scale.astype(np.float32)), -127, 127)
        scales[rows] = scale
    return levels, scales


def _chunks(matrix: Array) -> Iterator[slice]:
    """The rows, some at a time."""
    height = max(1, _CHUNK // max(1, matrix.shape[1]))
    return (slice(start, start + height) for start in range(0, len(matrix), height))
