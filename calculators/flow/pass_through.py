"""PassThroughCalculator: streams in, the same streams out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ovpipe.calculator import Calculator, Context
from ovpipe.calculators.flow.pairs import pairs
from ovpipe.ports import Input, Output, RepeatedInput, RepeatedOutput
from ovpipe.registry import register


@register
class PassThroughCalculator(Calculator):
    """Passes every packet on as it is.

    Inputs `streams`, outputs `passed`: as many, in the same order. Several streams come out synchronised:
    a packet passes when every stream is settled at its timestamp.

        pass_through:
          calculator: PassThroughCalculator
          inputs: {streams: [left, right]}
          outputs: {passed: [left_again, right_again]}
    """

    streams = RepeatedInput[Any]()
    passed = RepeatedOutput[Any]()

    def __init__(self) -> None:
        self._pairs: Sequence[tuple[Input[Any], Output[Any]]] = ()

    def open(self, cx: Context) -> None:
        """Finds out how many streams there are."""
        self._pairs = pairs(cx, self.streams, self.passed)

    def process(self, cx: Context) -> None:
        """Passes on what is there."""
        for stream, passed in self._pairs:
            if stream in cx:
                cx.send(passed, cx[stream])
