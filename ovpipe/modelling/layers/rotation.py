"""The rotation of queries and keys by their positions, in the graph."""

from __future__ import annotations

from typing import Any

import numpy as np
from openvino import opset13 as ops

from ovpipe.modelling.layers.values import floats, ints
from ovpipe.modelling.rope import Rope


class Rotation:
    """Cosine and sine of the positions' angles, each angle twice: [B, 1, T, turning dimensions]."""

    def __init__(self, rope: Rope, position_ids: Any, batch: Any) -> None:
        self.rope = rope
        values = np.array(rope.frequencies, np.float64).astype(np.float32)
        frequencies = ops.constant(values.reshape(1, len(values), 1))
        column = ops.broadcast(
            frequencies, ops.concat([batch, ints([1]), ints([1])], 0), broadcast_spec="BIDIRECTIONAL"
        )
        positions = ops.convert(ops.unsqueeze(position_ids, ints(1)), "f32")
        angles = ops.transpose(ops.matmul(column, positions, False, False), ints([0, 2, 1]))
        twice = ops.concat([angles, angles], -1)
        self._cos = ops.unsqueeze(self._scaled(ops.cos(twice)), ints(1))
        self._sin = ops.unsqueeze(self._scaled(ops.sin(twice)), ints(1))

    def turn(self, x: Any, head_dim: int) -> Any:
        """Turns [B, heads, T, D] by its positions: x * cos + (-second half, first half) * sin."""
        turning = self.rope.dimensions
        if turning == head_dim:
            return self._turn(x)
        still = _slice(x, turning, _END)
        return ops.concat([self._turn(_slice(x, 0, turning)), still], -1)

    def _turn(self, x: Any) -> Any:
        half = self.rope.dimensions // 2
        first, second = _slice(x, 0, half), _slice(x, half, _END)
        minus = ops.multiply(second, ops.constant(np.full((1, 1, 1, 1), -1, np.float32)))
        turned = ops.concat([minus, first], -1)
        return ops.add(ops.multiply(x, self._cos), ops.multiply(turned, self._sin))

    def _scaled(self, x: Any) -> Any:
        return x if self.rope.magnitude == 1 else ops.multiply(x, floats(self.rope.magnitude))


_END = int(np.iinfo(np.int64).max)


def _slice(x: Any, start: int, stop: int) -> Any:
    """Dimensions `start` to `stop` of heads [B, heads, T, D]."""
    return ops.slice(x, ints([start]), ints([stop]), ints([1]), ints([3]))
