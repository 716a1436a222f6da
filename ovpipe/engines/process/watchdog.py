"""Notices silence: one timer for a deadline that moves with every message."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

_READ_FIRST = 0.05
"""Seconds between a missed deadline and the verdict. When it was the event loop that stood still, the
messages that came meanwhile are read first."""


class Watchdog:
    """Calls `on_silence` with the limit, once, when a sign of life that was due does not come."""

    def __init__(self, on_silence: Callable[[float], None]) -> None:
        self._on_silence = on_silence
        self._loop = asyncio.get_running_loop()
        self._since = 0.0
        self._limit: float | None = None
        """None: nothing is due."""
        self._timer: asyncio.TimerHandle | None = None
        self._overdue = False

    def sign(self, limit: float) -> None:
        """A sign of life came: the next is due within `limit` seconds.

        Cheap enough for every message: a timer set for an earlier time stays, and looks at the
        deadline when it fires.
        """
        self._since = self._loop.time()
        self._limit = limit
        self._overdue = False
        self._watch()

    def stop(self) -> None:
        """Nothing is due any more, and no timer stays behind."""
        self._limit = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _watch(self) -> None:
        if self._limit is not None:
            deadline = self._since + self._limit
            if self._timer is None or self._timer.when() > deadline:
                self._set_timer(deadline)

    def _set_timer(self, when: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(when, self._look)

    def _look(self) -> None:
        self._timer = None
        if self._limit is None:
            return
        if self._loop.time() < self._since + self._limit:
            self._watch()
        elif not self._overdue:
            self._overdue = True
            self._set_timer(self._loop.time() + _READ_FIRST)
        else:
            limit = self._limit
            self.stop()
            self._on_silence(limit)
