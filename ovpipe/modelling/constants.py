"""How weights stand in a model: as floats, or as whole numbers with scales."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, assert_never

import numpy as np
import openvino as ov
from numpy.typing import NDArray
from openvino import opset13 as ops

from ovpipe.modelling.layers.values import ints
from ovpipe.modelling.levels import Levels, int4_levels, int8_levels
from ovpipe.modelling.weights import Array

Precision = Literal["f32", "f16", "bf16", "int8", "int8 in groups", "int4", "blocks", "blocks and rests"]
"""int8: a scale for each output channel; in groups: for each 32 weights of one. int4: for each 64 of one.
blocks: 4-bit numbers that the source has, 32 with a scale; with rests where they have a float minimum."""
BYTES: Mapping[Precision, float] = {
    "f32": 4,
    "f16": 2,
    "bf16": 2,
    "int8": 1.05,
    "int8 in groups": 1.07,
    "int4": 0.56,
    "blocks": 0.6,
    "blocks and rests": 0.65,
}
"""About what a weight takes, its share of the scales included."""
Storage = Precision | Callable[[str], Precision]
"""How matrices are stored: all alike, or each by the name of its parameter."""
Keep = Callable[[str, NDArray[Any]], NDArray[Any]]
"""Takes a constant's name and values, and gives the array that stands for them in the graph: the same, or
another, which it holds as long as there is the graph."""

_GROUP = 32
_INT4_GROUPS = (64, 128, 48, 32, 16)
"""The first that divides a row is taken."""


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
    """A matrix [out, in], stored in `precision`, as a node of type f32.

    Whole numbers in groups need rows that groups divide; where none does, a scale is the channel's.
    """
    columns = matrix.shape[1]
    match precision:
        case "f32":
            return _constant(name, np.ascontiguousarray(matrix), keep, matrix)
        case "f16":
            return ops.convert(_constant(name, matrix.astype(np.float16), keep), "f32")
        case "bf16":
            return ops.convert(_typed_constant(name, _bf16(matrix), matrix.shape, ov.Type.bf16, keep), "f32")
        case "int8":
            return levels_constant(int8_levels(matrix), name, keep)
        case "int8 in groups":
            return levels_constant(int8_levels(matrix, None if columns % _GROUP else _GROUP), name, keep)
        case "int4":
            size = next((size for size in _INT4_GROUPS if columns % size == 0), None)
            return levels_constant(int4_levels(matrix, size) if size else int8_levels(matrix), name, keep)
        case "blocks" | "blocks and rests":
            raise ValueError(f"{name}: a source keeps the numbers of blocks, not the floats")
        case _:
            assert_never(precision)


def levels_constant(levels: Levels, name: str, keep: Keep = in_memory) -> Any:
    """The matrix of these levels, as a node of type f32.

    The form is nncf's. OpenVINO's CPU plugin knows Constant -> Convert -> Subtract -> Multiply -> Reshape ->
    Convert in front of a MatMul, and without groups of a Gather too, and multiplies with the numbers as they
    are.
    """
    rows, groups, size = levels.shape
    shape = (rows, size) if groups == 1 else (rows, groups, size)
    if levels.bits == 8:
        numbers = _constant(name, levels.numbers.reshape(shape), keep)
    else:
        numbers = _typed_constant(name, levels.numbers, shape, ov.Type.u4, keep)

    def of_groups(suffix: str, values: NDArray[Any]) -> Any:
        return _constant(name + suffix, values.reshape(*shape[:-1], 1), keep)

    node = ops.convert(numbers, "f16")
    if levels.zeros is not None:
        node = ops.subtract(node, ops.convert(of_groups("/zero", levels.zeros), "f16"))
    node = ops.multiply(node, of_groups("/scale", levels.scales))
    if groups > 1:
        node = ops.reshape(node, ints([rows, groups * size]), False)
    return ops.convert(node, "f32")


def _constant(name: str, values: NDArray[Any], keep: Keep, callers: Array | None = None) -> Any:
    kept = keep(name, values)
    # An array of its own is shared with the graph; the caller's may change.
    return ops.constant(kept, name=name, shared_memory=kept is not callers and kept.flags.writeable)


def _typed_constant(
    name: str, values: NDArray[Any], shape: tuple[int, ...], kind: ov.Type, keep: Keep
) -> Any:
    """A constant of a type that numpy does not have; `values` are its bytes."""
    kept = keep(name, values)
    if kept is values:
        # A constant of such a type does not keep numpy's memory alive, so it gets its own.
        tensor = ov.Tensor(kind, ov.Shape(list(shape)))
        tensor.data.reshape(-1).view(np.uint8)[:] = values.reshape(-1).view(np.uint8)
    else:
        tensor = ov.Tensor(kept, ov.Shape(list(shape)), kind)
    node = ov.op.Constant(tensor)
    node.set_friendly_name(name)
    return node


def _bf16(matrix: Array) -> NDArray[np.uint16]:
    """The nearest bf16 of each value, even ones in the middle, as bits."""
    bits = np.ascontiguousarray(matrix).view(np.uint32)
    odd = (bits >> 16) & 1
    odd += 0x7FFF
    odd += bits
    odd >>= 16
    return odd.astype(np.uint16)
