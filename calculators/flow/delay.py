"""DelayCalculator: each packet, later."""

from __future__ import annotations

from collections import deque
from typing import Any

from ovpipe.calculator import Calculator, Context
from ovpipe.ports import Input, Output
from ovpipe.registry import register


@register
class DelayCalculator(Calculator):
    """Sends each packet again at a later timestamp.

    Input `stream`, output `delayed`. One of two options: with `packets: n`, a packet comes at the timestamp
    of the n-th after it, and the last n are never sent; with `timestamps: t`, a packet comes t timestamps
    later.

        delay:
          calculator: DelayCalculator
          inputs: {stream: text}
          outputs: {delayed: text_before}
          options: {packets: 1}
    """

    stream = Input[Any]()
    delayed = Output[Any]()

    process_timestamp_bounds = True  # with `timestamps`, what is settled is settled as far ahead

    def __init__(self, *, packets: int | None = None, timestamps: int | None = None) -> None:
        if (packets is None) == (timestamps is None):
            raise ValueError("give one of packets and timestamps")
        if min(packets or 0, timestamps or 0) < 0:
            raise ValueError("a delay is 0 or more")
        self._packets = packets
        self._shift = timestamps or 0
        self._waiting: deque[Any] = deque()

    def process(self, cx: Context) -> None:
        """Sends what is due."""
        due = cx.timestamp + self._shift if self._shift else cx.timestamp
        if self.stream in cx:
            self._waiting.append(cx[self.stream])
            if len(self._waiting) > (self._packets or 0):
                cx.send(self.delayed, self._waiting.popleft(), at=due)
        cx.set_bound(self.delayed, due.next_allowed())
