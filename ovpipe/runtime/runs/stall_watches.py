"""StallWatches: what of a run hears when nothing moves in it any more."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import Protocol
from weakref import ref

from ovpipe.runtime.core.observer import refuse_async
from ovpipe.runtime.runs.idle_watch import IdleWatch

log = logging.getLogger(__name__)


class StandingRun(Protocol):
    """What is needed of a run that may stand still."""

    @property
    def progress(self) -> tuple[int, ...]:
        """Counts of which one moves whenever anything in the run does, or what its calls wait for outside."""

    def explain_stall(self) -> str:
        """Why it stands still."""


class StallWatches:
    """A run's watches, which end with it. They do not keep alive a run that everybody has dropped."""

    def __init__(self, run: StandingRun, file: str) -> None:
        self._run = ref(run)
        self._file = file
        self._watches: list[IdleWatch] = []

    def add(self, seconds: float, callback: Callable[[str], object] | None) -> None:
        """Calls a function with the reason, or logs it."""
        report = callback or partial(log_stall, self._file, seconds)
        refuse_async(report, "what hears of a stall", "start a task in it")
        self._watches.append(IdleWatch(seconds, self._progress, partial(self._explain, report)))

    def stop(self) -> None:
        """Ends all of them."""
        for watch in self._watches:
            watch.stop()
        self._watches.clear()

    def _progress(self) -> tuple[int, ...] | None:
        run = self._run()
        return None if run is None else run.progress

    def _explain(self, report: Callable[[str], object]) -> None:
        run = self._run()
        if run is not None:
            report(run.explain_stall())


def log_stall(file: str, seconds: float, why: str) -> None:
    """What a stall is reported by where nobody else wants to know of it."""
    log.warning("%s: nothing has moved in a run for %g s: %s", file, seconds, why)
