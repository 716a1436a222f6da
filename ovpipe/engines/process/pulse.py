"""Pulse: requests that the engine works on in silence hear from it all the same."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

from ovpipe.engines.process.generation import MailboxGeneration

PULSE_SECONDS: Final = 2.0


class Pulse:
    """Every two seconds, a delta without tokens for each request that the engine works on in silence.

    One timer serves all requests of a process, and runs only while there are any.
    """

    def __init__(self, live: Mapping[int, MailboxGeneration]) -> None:
        self._live = live
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """There is a request; again: does nothing."""
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(PULSE_SECONDS, self._beat)

    def stop(self) -> None:
        """The process is over."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _beat(self) -> None:
        self._timer = None
        for generation in self._live.values():
            generation.pulse()
        if self._live:
            self.start()
