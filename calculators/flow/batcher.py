"""BatcherCalculator: packets gathered into lists."""

from __future__ import annotations

from typing import Any

from ovpipe.calculator import Calculator, Context
from ovpipe.ports import Input, Output
from ovpipe.registry import register
from ovpipe.timestamp import Timestamp


@register
class BatcherCalculator(Calculator):
    """Gathers packets into lists of `size`; the last list may be shorter.

    Input `item`, output `batch`: each list stands at the timestamp of its last item. What is left at the
    end of the stream is sent then. With `span`, a list is also complete when an item comes that is `span`
    timestamps or more after its first: that item begins the next.

        batcher:
          calculator: BatcherCalculator
          inputs: {item: line}
          outputs: {batch: lines}
          options: {size: 8}
    """

    item = Input[Any]()
    batch = Output[list[Any]]()

    timestamp_offset = None  # a list comes at an earlier timestamp than what completes it, at the end
    process_timestamp_bounds = True

    def __init__(self, *, size: int, span: int | None = None) -> None:
        if size < 1:
            raise ValueError(f"size must be 1 or more, not {size}")
        if span is not None and span < 1:
            raise ValueError(f"span must be 1 or more, not {span}")
        self._size = size
        self._span = span
        self._items: list[Any] = []
        self._first = self._last = Timestamp.UNSTARTED

    def process(self, cx: Context) -> None:
        """Gathers an item, and sends the list that is complete."""
        now = cx.timestamp
        if self._items and self._span is not None and int(now) - int(self._first) >= self._span:
            self._send(cx)
        if self.item in cx:
            if not self._items:
                self._first = now
            self._items.append(cx[self.item])
            self._last = now
            if len(self._items) == self._size:
                self._send(cx)
        cx.set_bound(self.batch, self._last if self._items else now.next_allowed())

    def close(self, cx: Context) -> None:
        """Sends what is left."""
        if self._items:
            self._send(cx)

    def _send(self, cx: Context) -> None:
        cx.send(self.batch, self._items, at=self._last)
        self._items = []
