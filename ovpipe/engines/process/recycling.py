"""Recycling: an engine's process is replaced in an orderly way, and nobody loses a request over it."""

from __future__ import annotations

import asyncio
import logging

from ovpipe.engines.process.generation import MailboxGeneration
from ovpipe.engines.process.link import EngineLink
from ovpipe.engines.process.retries import Retries, Retry
from ovpipe.engines.protocol import GenerateRequest, GenerationMeter, OnStep

_log = logging.getLogger("ovpipe.engine")


class Recycling:
    """What the process has begun with ends in it, within `seconds`; then the next one goes on with it.

    What cannot go on so is waited for. All others, new ones too, wait in `retries` for the next one.
    """

    def __init__(self, name: str, retries: Retries, seconds: float) -> None:
        self._name = name
        self._retries = retries
        self._seconds = seconds
        self._timer: asyncio.TimerHandle | None = None
        self.is_under_way = False
        """From the wish to the next process, or to the end of the old one by a fault."""

    def begin(self, link: EngineLink, reason: str) -> None:
        """A process takes no more requests."""
        _log.info("engine %r is replaced (%s) once what runs in it has ended", self._name, reason)
        self.is_under_way = True
        self._retries.postpone(link.retire(reason))
        self._timer = asyncio.get_running_loop().call_later(self._seconds, self._hand_over, link)

    def end(self) -> None:
        """Another process serves, or there is none and a death is what happened."""
        self.is_under_way = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def wait(
        self, request: GenerateRequest, on_step: OnStep | None, meter: GenerationMeter | None
    ) -> MailboxGeneration:
        """A request that comes meanwhile waits for the next process."""
        waiting = MailboxGeneration(request.id, lambda _: None, on_step, meter)
        self._retries.postpone([Retry(request, waiting)])
        return waiting

    def _hand_over(self, link: EngineLink) -> None:
        """The old process has had its time."""
        if not link.serving or not link.num_requests:
            return
        moving = link.hand_over()
        _log.warning(
            "engine %r is being replaced for %g s: %d requests go on in the next process, %d that cannot are "
            "waited for",
            self._name,
            self._seconds,
            len(moving),
            link.num_requests,
        )
        self._retries.resume(moving)
