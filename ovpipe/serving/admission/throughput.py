"""Throughput: how fast requests end, measured, and so when there will be a place."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Final

MEASURED: Final = 64
"""Over how many ends the rate is taken."""
LEAST_WAIT: Final = 1.0
MOST_WAIT: Final = 60.0
"""Seconds that a client is asked to wait at most: nobody knows what happens in a longer time."""


class Throughput:
    """Counts ends of requests. Its rate falls by itself while none ends."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._ends: deque[float] = deque(maxlen=MEASURED)

    def ended(self) -> None:
        """One has ended now."""
        self._ends.append(self._clock())

    @property
    def rate(self) -> float | None:
        """Ends a second, over the latest; None before two have ended."""
        if len(self._ends) < 2:
            return None
        seconds = self._clock() - self._ends[0]
        return (len(self._ends) - 1) / seconds if seconds > 0 else None

    def seconds_for(self, requests: int) -> float:
        """How long it takes until so many have ended, within bounds; the least where nothing is known."""
        rate = self.rate
        return LEAST_WAIT if rate is None else min(max(requests / rate, LEAST_WAIT), MOST_WAIT)
