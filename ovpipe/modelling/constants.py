"""How weights stand in a model: as floats, or as 8-bit integers with a scale for each output channel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, assert_never

import numpy as np
from numpy.typing import NDArray
from openvino import opset13 as ops

from ovpipe.modelling.weights import Array

Precision = Literal["f32", "f16", "int8"]
Storage = Precision | Callable[[str], Precision]
"""How matrices are stored: all alike, or each by the name of its parameter."""


def precision_of(storage: Storage, name: str) -> Precision:
    """How the matrix of this name is stored."""
    return storage(name) if callable(storage) else storage


def vector_constant(values: Array, name: str, rank: int) -> Any:
    """A norm's weight or a bias, with leading dimensions of 1 up to `rank`."""
    return ops.constant(values.reshape([1] * (rank - 1) + [-1]), name=name)


def matrix_constant(matrix: Array, name: str, precision: Precision) -> Any:
    """A matrix [out, in], stored in `precision`, as a node of type f32."""
    match precision:
        case "f32":
            return ops.constant(np.ascontiguousarray(matrix), name=name)
        case "f16":
            return ops.convert(ops.constant(matrix.astype(np.float16), name=name), "f32")
        case "int8":
            return _int8_constant(matrix, name)
        case _:
            assert_never(precision)


def int8_levels(matrix: Array) -> tuple[NDArray[np.int8], NDArray[np.float16]]:
    """A matrix [out, in] as 8-bit levels and a scale [out, 1]; a row's largest magnitude becomes 127."""
    largest = np.abs(matrix).max(axis=1, keepdims=True)
    # Rounded to f16 before it divides, so that the integers are right for the scale that is stored.
    scale = np.maximum(largest / 127, np.finfo(np.float16).tiny).astype(np.float16)
    levels = np.clip(np.rint(matrix / scale.astype(np.float32)), -127, 127).astype(np.int8)
    return levels, scale


def _int8_constant(matrix: Array, name: str) -> Any:
    """i8 values times an f16 scale [out, 1]: the pattern of nncf's symmetric INT8.

    OpenVINO's CPU plugin knows Constant(i8) -> Convert -> Multiply(scale) in front of a MatMul or a
    Gather and multiplies with the 8-bit weights as they are.
    """
    levels, scale = int8_levels(matrix)
    half = ops.convert(ops.constant(levels, name=name), "f16")
    scaled = ops.multiply(half, ops.constant(scale, name=f"{name}/scale"))
    return ops.convert(scaled, "f32")
