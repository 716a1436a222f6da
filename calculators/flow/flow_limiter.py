"""FlowLimiterCalculator: no more packets in a part of the graph than it can work on."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

from ovpipe.calculator import Calculator, Context
from ovpipe.calculators.flow.pairs import pairs
from ovpipe.ports import Input, Output, RepeatedInput, RepeatedOutput
from ovpipe.registry import register
from ovpipe.timestamp import Timestamp


@register
class FlowLimiterCalculator(Calculator):
    """Drops packets while the graph below is busy, so that it works on fresh ones.

    Inputs `streams` and `finished`, outputs `passed`: as many as streams, in the same order. A timestamp
    that passes is in flight until `finished`, which comes from further down over a back edge, has a packet
    at it or is settled beyond it. While `max_in_flight` timestamps are, the latest `max_in_queue` wait and
    older ones are dropped. One in flight and none in the queue gives the shortest delay, one and one the
    most packets.

        flow_limiter:
          calculator: FlowLimiterCalculator
          inputs: {streams: [frame], finished: {stream: description, back_edge: true}}
          outputs: {passed: [chosen_frame]}
          options: {max_in_flight: 1, max_in_queue: 1}
    """

    streams = RepeatedInput[Any]()
    finished = Input[Any]()
    passed = RepeatedOutput[Any]()

    input_policy = "immediate"
    process_timestamp_bounds = True

    def __init__(self, *, max_in_flight: int = 1, max_in_queue: int = 0) -> None:
        if max_in_flight < 1:
            raise ValueError(f"max_in_flight must be 1 or more, not {max_in_flight}")
        if max_in_queue < 0:
            raise ValueError(f"max_in_queue must be 0 or more, not {max_in_queue}")
        self._max_in_flight = max_in_flight
        self._max_in_queue = max_in_queue
        self._in_flight: deque[Timestamp] = deque()
        self._arriving: dict[Timestamp, list[tuple[Output[Any], Any]]] = {}
        """Timestamps at which not all streams are settled: their packets pass together."""
        self._waiting: deque[tuple[Timestamp, list[tuple[Output[Any], Any]]]] = deque()
        self._pairs: Sequence[tuple[Input[Any], Output[Any]]] = ()

    def open(self, cx: Context) -> None:
        """Finds out how many streams there are."""
        self._pairs = pairs(cx, self.streams, self.passed)

    def process(self, cx: Context) -> None:
        """Takes off what is finished, lets through what there is room for, and drops the rest."""
        finished = cx.bound(self.finished)
        while self._in_flight and self._in_flight[0] < finished:
            self._in_flight.popleft()
        came = [(passed, cx[stream]) for stream, passed in self._pairs if stream in cx]
        if came:
            self._arriving.setdefault(cx.timestamp, []).extend(came)
        settled = min(cx.bound(stream) for stream, _ in self._pairs)
        for timestamp in sorted(timestamp for timestamp in self._arriving if timestamp < settled):
            self._waiting.append((timestamp, self._arriving.pop(timestamp)))
        while self._waiting and len(self._in_flight) < self._max_in_flight:
            timestamp, packets = self._waiting.popleft()
            self._in_flight.append(timestamp)
            for passed, value in packets:
                cx.send(passed, value, at=timestamp)
        while len(self._waiting) > self._max_in_queue:
            self._waiting.popleft()
        # At the end of the streams this closes the outputs, and so the nodes below, and so `finished`.
        for _, passed in self._pairs:
            cx.set_bound(passed, self._waiting[0][0] if self._waiting else settled)
