"""A watch over a run that gives nothing any more."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

TICKS = 4


class SilenceWatch:
    """Calls `ring` once when `heard` was not set for some seconds (up to a quarter more).

    The hot path pays one attribute for it, not a timer a token.
    """

    def __init__(self, seconds: float, ring: Callable[[], None]) -> None:
        self.heard = False
        self._tick = seconds / TICKS
        self._ring = ring
        self._quiet_ticks = 0
        self._loop = asyncio.get_running_loop()
        self._handle = self._loop.call_later(self._tick, self._look)

    def stop(self) -> None:
        """Ends the watch."""
        self._handle.cancel()

    def _look(self) -> None:
        self._quiet_ticks = 0 if self.heard else self._quiet_ticks + 1
        self.heard = False
        if self._quiet_ticks >= TICKS:
            self._ring()
        else:
            self._handle = self._loop.call_later(self._tick, self._look)
