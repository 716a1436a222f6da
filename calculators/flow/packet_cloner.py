"""PacketClonerCalculator: the latest packets, again at every tick."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ovpipe.calculator import Calculator, Context
from ovpipe.calculators.flow.pairs import pairs
from ovpipe.ports import Input, Output, RepeatedInput, RepeatedOutput
from ovpipe.registry import register


@register
class PacketClonerCalculator(Calculator):
    """Sends the latest packet of each stream again, at every tick.

    Inputs `streams` and `tick`, outputs `cloned`: as many as streams, in the same order. A packet at the
    tick's own timestamp counts. Before a stream's first packet its output stays empty; with
    `output_only_when_all_inputs_received` all outputs do until every stream has had one.

        packet_cloner:
          calculator: PacketClonerCalculator
          inputs: {streams: [settings], tick: text}
          outputs: {cloned: [settings_of_text]}
    """

    streams = RepeatedInput[Any]()
    tick = Input[Any]()
    cloned = RepeatedOutput[Any]()

    def __init__(self, *, output_only_when_all_inputs_received: bool = False) -> None:
        self._needs_all = output_only_when_all_inputs_received
        self._latest: dict[Output[Any], Any] = {}
        self._pairs: Sequence[tuple[Input[Any], Output[Any]]] = ()

    def open(self, cx: Context) -> None:
        """Finds out how many streams there are."""
        self._pairs = pairs(cx, self.streams, self.cloned)

    def process(self, cx: Context) -> None:
        """Keeps what is new, and sends what is kept if this is a tick."""
        for stream, cloned in self._pairs:
            if stream in cx:
                self._latest[cloned] = cx[stream]
        if self.tick in cx and not (self._needs_all and len(self._latest) < len(self._pairs)):
            for cloned, value in self._latest.items():
                cx.send(cloned, value)
