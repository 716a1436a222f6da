"""RateLimiterCalculator: so many packets a second, and no more."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from ovpipe.calculator import Calculator, Context
from ovpipe.calculators.flow.pairs import pairs
from ovpipe.ports import Input, Output, RepeatedInput, RepeatedOutput, SideInput
from ovpipe.registry import register


@register
class RateLimiterCalculator(Calculator):
    """Drops packets that come faster than so many a second, by the clock.

    Inputs `streams`, outputs `passed`: as many, in the same order; the packets of one timestamp pass or are
    dropped together. `packets_per_second` is the rate in the long run, `burst` how many may pass at once
    after a pause. The side input `clock` gives seconds, as time.monotonic does, which stands in when it is
    not wired.

        rate_limiter:
          calculator: RateLimiterCalculator
          inputs: {streams: [progress]}
          outputs: {passed: [shown_progress]}
          options: {packets_per_second: 5, burst: 2}
    """

    streams = RepeatedInput[Any]()
    clock = SideInput[Callable[[], float]](optional=True)
    passed = RepeatedOutput[Any]()

    def __init__(self, *, packets_per_second: float, burst: int = 1) -> None:
        if not 0 < packets_per_second < float("inf"):
            raise ValueError(f"packets_per_second must be above 0 and finite, not {packets_per_second}")
        if burst < 1:
            raise ValueError(f"burst must be 1 or more, not {burst}")
        self._rate = packets_per_second
        self._burst = burst
        self._allowance = float(burst)
        self._clock: Callable[[], float] = time.monotonic
        self._last: float | None = None
        self._pairs: Sequence[tuple[Input[Any], Output[Any]]] = ()

    def open(self, cx: Context) -> None:
        """Takes the clock."""
        self._pairs = pairs(cx, self.streams, self.passed)
        self._clock = cx.get(self.clock) or time.monotonic

    def process(self, cx: Context) -> None:
        """Passes what is there if the allowance has grown to a packet."""
        now = self._clock()
        if self._last is not None:
            self._allowance = min(self._burst, self._allowance + (now - self._last) * self._rate)
        self._last = now
        if self._allowance >= 1:
            self._allowance -= 1
            for stream, passed in self._pairs:
                if stream in cx:
                    cx.send(passed, cx[stream])
