"""DemuxCalculator: one stream into several, chosen at each timestamp."""

from __future__ import annotations

from typing import Any

from ovpipe.calculator import Calculator, Context
from ovpipe.calculators.flow.selection import selected
from ovpipe.ports import Input, Output, RepeatedOutput
from ovpipe.registry import register


@register
class DemuxCalculator(Calculator):
    """Sends each packet to one of its outputs, chosen anew at each timestamp.

    Inputs `stream` and `select`, outputs `branches`. A packet of `select` is the place of a branch, counted
    from 0. At its timestamp the other branches are settled without a packet. Packets at timestamps without a
    choice are dropped.

        demux:
          calculator: DemuxCalculator
          inputs: {stream: request, select: which}
          outputs: {branches: [short_request, long_request]}
    """

    stream = Input[Any]()
    select = Input[int]()
    branches = RepeatedOutput[Any]()

    def process(self, cx: Context) -> None:
        """Sends the packet to the chosen branch."""
        if self.select in cx:
            branch: Output[Any] = selected(cx, self.select, cx.each(self.branches))
            if self.stream in cx:
                cx.send(branch, cx[self.stream])
