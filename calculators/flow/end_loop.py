"""EndLoopCalculator: what became of a list's items, as a list again."""

from __future__ import annotations

from typing import Any

from ovpipe.calculator import Calculator, Context
from ovpipe.calculators.flow.batch_end import BatchEnd
from ovpipe.ports import Input, Output
from ovpipe.registry import register


@register
class EndLoopCalculator(Calculator):
    """Ends a loop: collects what became of the items of each list, at the list's own timestamp.

    Inputs `item` and `batch_end` (of the loop's BeginLoopCalculator), output `iterable`: one list for each
    that began, in its order. Items that were dropped on the way are missing in it; it may be empty.

        end_loop:
          calculator: EndLoopCalculator
          inputs: {item: answer, batch_end: batch_end}
          outputs: {iterable: answers}
    """

    item = Input[Any]()
    batch_end = Input[BatchEnd]()
    iterable = Output[list[Any]]()

    timestamp_offset = None  # inner timestamps say nothing about those outside

    def __init__(self) -> None:
        self._items: list[Any] = []

    def process(self, cx: Context) -> None:
        """Collects an item, and sends the list with the last."""
        if self.item in cx:
            self._items.append(cx[self.item])
        end = cx.get(self.batch_end)
        if end is None:
            return
        if end.has_list:
            cx.send(self.iterable, self._items, at=end.timestamp)
            self._items = []
        else:
            cx.set_bound(self.iterable, end.timestamp.next_allowed())
