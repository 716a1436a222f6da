"""BeginLoopCalculator: the items of a list, one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ovpipe.calculator import Calculator, Context
from ovpipe.calculators.flow.batch_end import BatchEnd
from ovpipe.calculators.flow.pairs import pairs
from ovpipe.ports import Input, Output, RepeatedInput, RepeatedOutput
from ovpipe.registry import register


@register
class BeginLoopCalculator(Calculator):
    """Begins a loop: sends the items of each list one by one, on a timeline of their own.

    Input `iterable`, outputs `item` and `batch_end`. The nodes between see each item as a packet. An
    EndLoopCalculator collects what they made of them, when `batch_end` says that a list is complete, at the
    list's own timestamp. Inner timestamps count up from 0; an empty list takes one, as a list of one does.

    Inputs `clone`, outputs `cloned`: as many, in the same order. Their packets at the list's timestamp are
    sent again with every item.

        begin_loop:
          calculator: BeginLoopCalculator
          inputs: {iterable: prompts, clone: [settings]}
          outputs: {item: prompt, batch_end: batch_end, cloned: [settings_of_prompt]}
    """

    iterable = Input[Sequence[Any]]()
    clone = RepeatedInput[Any](optional=True)
    item = Output[Any]()
    batch_end = Output[BatchEnd]()
    cloned = RepeatedOutput[Any]()

    timestamp_offset = None  # the outputs have a timeline of their own
    process_timestamp_bounds = True  # a timestamp settled outside the loop must reach its end

    def __init__(self) -> None:
        self._next = 0
        self._clones: Sequence[tuple[Input[Any], Output[Any]]] = ()

    def open(self, cx: Context) -> None:
        """Finds out how many clones there are."""
        self._clones = pairs(cx, self.clone, self.cloned)

    def process(self, cx: Context) -> None:
        """Sends the items of one list, and that these were all."""
        items = cx.get(self.iterable)
        for at, item in enumerate(items or (), self._next):
            cx.send(self.item, item, at=at)
            for clone, cloned in self._clones:
                if clone in cx:
                    cx.send(cloned, cx[clone], at=at)
        self._next += len(items) if items else 1
        cx.send(self.batch_end, BatchEnd(cx.timestamp, has_list=items is not None), at=self._next - 1)
        for output in (self.item, *(cloned for _, cloned in self._clones)):
            cx.set_bound(output, self._next)
