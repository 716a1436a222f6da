"""MuxCalculator: one of several streams, chosen at each timestamp."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ovpipe.calculator import Calculator, Context
from ovpipe.calculators.flow.selection import selected
from ovpipe.ports import Input, Output, RepeatedInput
from ovpipe.registry import register


@register
class MuxCalculator(Calculator):
    """Sends on the packets of one of its streams, chosen anew at each timestamp.

    Inputs `streams` and `select`, output `selected`. A packet of `select` is the place of a stream, counted
    from 0; at its timestamp that stream's packet is sent, if there is one. Only the chosen stream is waited
    for (input policy mux). Packets of the others, and those at timestamps without a choice, are dropped.

        mux:
          calculator: MuxCalculator
          inputs: {streams: [draft, final], select: which}
          outputs: {selected: answer}
    """

    streams = RepeatedInput[Any]()
    select = Input[int]()
    selected = Output[Any]()

    input_policy: ClassVar[Mapping[str, Any]] = {"mux": {"select": "select"}}

    def process(self, cx: Context) -> None:
        """Sends the chosen stream's packet."""
        if self.select in cx:
            stream = selected(cx, self.select, cx.each(self.streams))
            if stream in cx:
                cx.send(self.selected, cx[stream])
