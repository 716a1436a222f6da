"""A watch over a run in which nothing moves any more."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

TICKS = 4


class SilenceWatch:
    """Calls `ring` when a count has stood still for some seconds (up to a quarter more), once a standstill.

    The count is the run's own, so the hot path pays nothing for it.
    """

    def __init__(self, seconds: float, count: Callable[[], int], ring: Callable[[], None]) -> None:
        self._count = count
        self._heard = count()
        self._tick = seconds / TICKS
        self._ring = ring
        self._quiet_ticks = 0
        self._stopped = False
        self._loop = asyncio.get_running_loop()
        self._handle = self._loop.call_later(self._tick, self._look)

    def stop(self) -> None:
        """Ends the watch."""
        self._stopped = True
        self._handle.cancel()

    def _look(self) -> None:
        heard = self._count()
        self._quiet_ticks = self._quiet_ticks + 1 if heard == self._heard else 0
        self._heard = heard
        if self._quiet_ticks == TICKS:
            self._ring()
        if not self._stopped:
            self._handle = self._loop.call_later(self._tick, self._look)
