"""PreviousLoopbackCalculator: what was made of the packet before."""

from __future__ import annotations

from collections import deque
from typing import Any

from ovpipe.calculator import Calculator, Context
from ovpipe.ports import Input, Output
from ovpipe.registry import register
from ovpipe.timestamp import Timestamp


@register
class PreviousLoopbackCalculator(Calculator):
    """Brings what the graph made of one packet back beside the next: a loop.

    Inputs `main` and `loop`, output `previous`. At each packet of `main` it sends the packet that `loop`
    had at the timestamp of the packet of `main` before; nothing when there was none, or when this is the
    first. `loop` comes from further down, so its edge is marked as a back edge. The nodes between must
    settle `loop` at each timestamp of `main`, as nodes do by themselves.

        previous_loopback:
          calculator: PreviousLoopbackCalculator
          inputs: {main: text, loop: {stream: summary, back_edge: true}}
          outputs: {previous: summary_before}
    """

    main = Input[Any]()
    loop = Input[Any]()
    previous = Output[Any]()

    input_policy = "immediate"
    process_timestamp_bounds = True

    def __init__(self) -> None:
        self._asked: deque[tuple[Timestamp, Timestamp | None]] = deque()
        """Packets of `main` that have not got theirs, and the packet of `main` before each."""
        self._before: Timestamp | None = None
        self._made: deque[tuple[Timestamp, Any]] = deque()

    def process(self, cx: Context) -> None:
        """Takes what has come from either side, and sends what is certain now."""
        if self.main in cx:
            self._asked.append((cx.timestamp, self._before))
            self._before = cx.timestamp
        if self.loop in cx:
            self._made.append((cx.timestamp, cx[self.loop]))
        while self._asked:
            now, before = self._asked[0]
            while self._made and before is not None and self._made[0][0] < before:
                self._made.popleft()
            if self._made and self._made[0][0] == before:
                cx.send(self.previous, self._made.popleft()[1], at=now)
            elif before is None or cx.bound(self.loop) > before:
                cx.set_bound(self.previous, now.next_allowed())
            else:
                return
            self._asked.popleft()
        # At the end of `main` this closes the output, and so the nodes of the loop, and so `loop` itself.
        cx.set_bound(self.previous, cx.bound(self.main))
