"""ValveCalculator: open or shut until it is turned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ovpipe.calculator import Calculator, Context
from ovpipe.calculators.flow.pairs import pairs
from ovpipe.ports import Input, Output, RepeatedInput, RepeatedOutput
from ovpipe.registry import register


@register
class ValveCalculator(Calculator):
    """Passes packets while it is open; it stays as it was last turned.

    Inputs `streams`, outputs `passed`: as many, in the same order. A packet of `turn`, True for open,
    holds from its own timestamp to that of the next. The option `open` says how it begins. What is
    dropped is settled all the same: nodes below do not wait for it. A GateCalculator, in contrast, asks for a
    packet of its control at each timestamp.

        valve:
          calculator: ValveCalculator
          inputs: {streams: [audio], turn: speaking}
          outputs: {passed: [speech]}
          options: {open: false}
    """

    streams = RepeatedInput[Any]()
    turn = Input[bool](optional=True)
    passed = RepeatedOutput[Any]()

    def __init__(self, *, open: bool = True) -> None:
        self._is_open = open
        self._pairs: Sequence[tuple[Input[Any], Output[Any]]] = ()

    def open(self, cx: Context) -> None:
        """Finds out how many streams there are."""
        self._pairs = pairs(cx, self.streams, self.passed)

    def process(self, cx: Context) -> None:
        """Turns first, then passes what is there."""
        if self.turn in cx:
            self._is_open = cx[self.turn]
        if self._is_open:
            for stream, passed in self._pairs:
                if stream in cx:
                    cx.send(passed, cx[stream])
