"""Small constants, inputs and dimensions of a graph."""

from __future__ import annotations

from typing import Any

import numpy as np
import openvino as ov
from openvino import opset13 as ops


def ints(value: int | list[int], dtype: type[np.integer[Any]] = np.int64) -> Any:
    """A constant of integers."""
    return ops.constant(np.array(value, dtype))


def floats(value: float) -> Any:
    """A constant of one f32."""
    return ops.constant(np.array(value, np.float32))


def dimension(x: Any, axis: int) -> Any:
    """One dimension of x, i64 [1]."""
    return ops.gather(ops.shape_of(x, "i64"), ints([axis]), ints(0))


def rank_of(x: Any) -> int:
    """How many dimensions x has: a node, or one of its outputs."""
    return len((x if isinstance(x, ov.Output) else x.output(0)).get_partial_shape())


def parameter(name: str, shape: list[int], dtype: type[np.integer[Any]]) -> Any:
    """An input of the model."""
    node = ops.parameter(shape, dtype, name=name)
    node.output(0).get_tensor().set_names({name})
    return node


def times(x: Any, factor: float) -> Any:
    """The product x * factor; x itself where the factor is 1."""
    return x if factor == 1 else ops.multiply(x, floats(factor))


def capped(x: Any, cap: float) -> Any:
    """The values bounded, cap * tanh(x / cap), in the form behind which openvino-genai finds the head."""
    return ops.multiply(ops.tanh(ops.divide(x, floats(cap))), floats(cap))
