"""MergeCalculator: several streams into one."""

from __future__ import annotations

from typing import Any

from ovpipe.calculator import Calculator, Context
from ovpipe.ports import Output, RepeatedInput
from ovpipe.registry import register


@register
class MergeCalculator(Calculator):
    """Merges several streams into one, in the order of their timestamps.

    Inputs `streams`, output `merged`. Of several packets at one timestamp the one of the stream that
    stands first in the graph is sent, and the others are dropped: a stream has one packet at a timestamp.

        merge:
          calculator: MergeCalculator
          inputs: {streams: [short_answer, long_answer]}
          outputs: {merged: answer}
    """

    streams = RepeatedInput[Any]()
    merged = Output[Any]()

    def process(self, cx: Context) -> None:
        """Sends the first packet there is."""
        for stream in cx.each(self.streams):
            if stream in cx:
                cx.send(self.merged, cx[stream])
                return
