"""Which requests go to the engine's next process, and in which order."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from functools import partial
from typing import NamedTuple, Protocol

from ovpipe.engines.messages import Failed
from ovpipe.engines.process.generation import MailboxGeneration
from ovpipe.engines.protocol import GenerateRequest, RequestRefused
from ovpipe.engines.wire import WireError

_log = logging.getLogger("ovpipe.engine")


class Retry(NamedTuple):
    """A request that had not begun, or the rest of one that had, and its consumer, who need not notice."""

    request: GenerateRequest
    generation: MailboxGeneration


class NextLife(Protocol):
    """The process that serves now, as those that have waited for it see it."""

    def adopt(self, retry: Retry, then: Callable[[], None] | None = None) -> None:
        """Takes a request in; see `EngineLink`."""


class Retries:
    """Requests that wait for the next engine: the last one was poisoned, or is replaced in an orderly way.

    Those that may have poisoned the last one go first, the latest first, each when the one before has ended.
    So one that poisons a second engine does it alone: it is known then, and takes none of the others along.
    Each poisoned engine after the first ends one guilty request at least, so this comes to an end.
    """

    def __init__(self) -> None:
        self._suspects: list[Retry] = []
        self._others: list[Retry] = []

    def __len__(self) -> int:
        return sum(not retry.generation.closed for retry in (*self._suspects, *self._others))

    def keep(self, unbegun: list[Retry], suspects: Collection[int]) -> list[Retry]:
        """Takes what had not begun when an engine was poisoned. Returns the guilty, which it does not keep.

        `suspects` are the ids of those that may have done it; without any, each may.
        """
        suspected = [retry for retry in unbegun if not suspects or retry.request.id in suspects]
        guilty = [retry for retry in suspected if retry.generation.suspected or len(suspected) == 1]
        self._others += [retry for retry in unbegun if retry not in suspected]
        if guilty or not suspected:  # it is known who did it, and that explains the engine before, too
            self._others += self._suspects + [retry for retry in suspected if retry not in guilty]
            self._suspects = []
        else:
            self._suspects += suspected
        for retries, suspicion in ((self._suspects, True), (self._others, False)):
            for retry in retries:
                retry.generation.suspected = suspicion
        return guilty

    def keep_innocent(self, unbegun: list[Retry], failed: Failed, engine: str) -> None:
        """Refuses what has poisoned the life that ended, if that is known, and keeps the rest."""
        for guilty in self.keep(unbegun, failed.suspects):
            _log.error("engine %r: request %d has poisoned it", engine, guilty.request.id)
            guilty.generation.fail(RequestRefused(f"{failed.fault}: {failed.message}"))

    def postpone(self, unbegun: list[Retry]) -> None:
        """Takes requests that nothing is wrong with."""
        self._others += unbegun

    def resume(self, begun: list[Retry]) -> None:
        """Takes requests that have been worked on: they come before those that have not."""
        self._others = begun + self._others

    def give_to(self, life: NextLife) -> None:
        """Gives the process that serves what it may have now, and the rest as that has ended."""
        for retry in self.next():
            try:
                life.adopt(retry, partial(self.give_to, life) if retry.generation.suspected else None)
            except WireError as error:
                retry.generation.fail(RequestRefused(str(error)))

    def next(self) -> list[Retry]:
        """What the engine is given now: a suspect, or all others when there is none. None is closed."""
        while self._suspects:
            retry = self._suspects.pop()
            if not retry.generation.closed:  # it may have been cancelled meanwhile
                return [retry]
        others, self._others = self._others, []
        return [retry for retry in others if not retry.generation.closed]

    def fail(self, error: Callable[[], Exception]) -> None:
        """Ends all that wait, each with an error of its own."""
        for retry in [*self._suspects, *self._others]:
            retry.generation.fail(error())
        self._suspects, self._others = [], []
