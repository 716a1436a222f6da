"""IdleWatch: notices that nothing moves in a run any more."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

CHECKS = 4
"""How often a watch looks within its time."""


class IdleWatch:
    """Calls `on_idle` once per standstill: `progress` has had one value for some seconds, or a quarter more.

    It is what the run counts anyway, so the hot path pays nothing for it. It is None when nothing is left to
    watch.
    """

    def __init__(
        self, seconds: float, progress: Callable[[], object | None], on_idle: Callable[[], object]
    ) -> None:
        self._progress = progress
        self._last = progress()
        self._interval = seconds / CHECKS
        self._on_idle = on_idle
        self._idle_checks = 0
        self._stopped = False
        self._loop = asyncio.get_running_loop()
        self._timer = self._loop.call_later(self._interval, self._check)

    def stop(self) -> None:
        """Ends the watch, which lets go of what it has watched."""
        self._stopped = True
        self._timer.cancel()
        self._progress = self._on_idle = _nothing

    def _check(self) -> None:
        progress = self._progress()
        if progress is None:
            return
        self._idle_checks = self._idle_checks + 1 if progress == self._last else 0
        self._last = progress
        if self._idle_checks == CHECKS:
            self._on_idle()
        if not self._stopped:
            self._timer = self._loop.call_later(self._interval, self._check)


def _nothing() -> None:
    """Stands in for the calls of a watch that has ended."""
