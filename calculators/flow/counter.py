"""CounterCalculator: how many packets came."""

from __future__ import annotations

from typing import Any

from ovpipe.calculator import Calculator, Context
from ovpipe.calculators.flow.packet_counts import PacketCounts
from ovpipe.ports import Input, Output, SideInput
from ovpipe.registry import register


@register
class CounterCalculator(Calculator):
    """Counts packets: of its own run, and of all runs of its graph.

    Input `stream`, output `count`: at each packet's timestamp how many there were in this run, itself
    included. The side input `counts`, made by a PacketCountsCalculator, adds up what all runs count;
    /metrics shows it.

        counter:
          calculator: CounterCalculator
          inputs: {stream: answer}
          outputs: {count: number_of_answers}
          side_inputs: {counts: answers}
    """

    stream = Input[Any]()
    counts = SideInput[PacketCounts](optional=True)
    count = Output[int]()

    def __init__(self) -> None:
        self._count = 0

    def process(self, cx: Context) -> None:
        """Counts one packet."""
        self._count += 1
        counts = cx.get(self.counts)
        if counts is not None:
            counts.add()
        cx.send(self.count, self._count)
