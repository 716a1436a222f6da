"""Which tokens a token looks at, as a mask that attention adds to its scores."""

from __future__ import annotations

from typing import Any

import numpy as np
from openvino import opset13 as ops

from ovpipe.modelling.layers.values import dimension, floats, ints

_FORBIDDEN = float(np.finfo(np.float16).min)


class Masks:
    """0 where a token may look, the lowest f16 elsewhere: [B, 1, T, S].

    A token looks at itself and what stands before it, as far as attention_mask is 1 and the layer's window
    reaches. Layers with the same window share a mask.
    """

    def __init__(self, input_ids: Any, attention_mask: Any) -> None:
        self._input_ids = input_ids
        self._attention_mask = attention_mask
        self._made: dict[int | None, Any] = {}

    def of(self, window: int | None) -> Any:
        """The mask of layers with this window; None: all that stands before."""
        if window not in self._made:
            self._made[window] = self._causal() if window is None else self._windowed(window)
        return self._made[window]

    def _causal(self) -> Any:
        rows, columns = self._positions()
        before = ops.unsqueeze(ops.less_equal(columns, rows), ints([0, 1]))
        return ops.select(ops.logical_and(before, self._real()), floats(0), floats(_FORBIDDEN))

    def _windowed(self, window: int) -> Any:
        """The causal mask, of the last `window` tokens only.

        OpenVINO's paged attention computes no masks. Its transformation finds a window by the form that
        gpt-oss's mask has when torch is traced: Constant -> Add -> Greater, four BitwiseAnd, Broadcast,
        Select, Slice. (state_management_pattern.cpp, gpt_oss_sliding_window_pattern; the window is minus the
        constant.) Two of the four say twice what others say once, for the form alone.
        """
        rows, columns = self._positions()
        reached = ops.greater(columns, ops.add(rows, ints(-window)))
        before, real = ops.less_equal(columns, rows), self._real()
        allowed = ops.bitwise_and(ops.bitwise_and(before, reached), real)
        allowed = ops.bitwise_and(ops.bitwise_and(before, allowed), real)
        spread = ops.broadcast(allowed, ops.shape_of(allowed, "i64"))
        mask = ops.select(spread, floats(0), floats(_FORBIDDEN))
        return ops.slice(mask, ints([0]), dimension(self._attention_mask, 1), ints([1]), ints([3]))

    def _positions(self) -> tuple[Any, Any]:
        """Where in the sequence the new tokens are, i64 [T, 1], and all of them, i64 [1, S]."""
        new = ops.squeeze(dimension(self._input_ids, 1), ints([0]))
        total = ops.squeeze(dimension(self._attention_mask, 1), ints([0]))
        past = ops.subtract(total, new)
        rows = ops.unsqueeze(ops.add(ops.range(ints(0), new, ints(1), "i64"), past), ints(1))
        return rows, ops.unsqueeze(ops.range(ints(0), total, ints(1), "i64"), ints(0))

    def _real(self) -> Any:
        return ops.unsqueeze(ops.convert(self._attention_mask, "boolean"), ints([1, 2]))
