"""Failures of nodes on their way out of a graph: what the log says, and what is none."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import NoReturn

from ovpipe.errors import RequestError, RunError, is_interrupt
from ovpipe.runtime.core.observer import refuse_async

log = logging.getLogger(__name__)


class Failures:
    """What becomes of a run's errors: all are in the log, unless somebody observes those that are dropped."""

    def __init__(self, where: str, loop: asyncio.AbstractEventLoop) -> None:
        self._where = where
        self._loop = loop
        self._observers: list[Callable[[RunError], object]] = []

    def observe(self, callback: Callable[[RunError], object]) -> None:
        """Calls a function with every error that costs its timestamp only."""
        refuse_async(callback, "an observer of errors", "start a task in it")
        self._observers.append(callback)

    def dropped(self, error: RunError) -> None:
        """A call failed, and its node goes on."""
        for observer in self._observers:
            observer(error)
        if not self._observers:
            log.warning("%s (on_error: drop)", error)

    def failed(self, error: RunError) -> None:
        """A failure ends the run. A Ctrl-C that reached a calculator ends the event loop, too."""
        log_failure(error, self._where)
        cause = error.__cause__
        if cause is not None and is_interrupt(cause):
            self._loop.call_soon(interrupt, cause)


def interrupt(error: BaseException) -> NoReturn:
    """Raises a Ctrl-C once more, out of the event loop."""
    raise error


def log_failure(error: RunError, where: str) -> None:
    """Names a failure with its node, once, when it happens: whoever asks for it may come late, or never.

    A refusal with a RequestError is an answer and no failure, unless it blames the server.
    """
    cause = error.__cause__
    if isinstance(cause, RequestError) and cause.status != 500:
        return
    log.error(
        "%s: node %r failed in %s at timestamp %s (%s): %r",
        where,
        error.node,
        error.phase,
        error.timestamp,
        error.place,
        cause if cause is not None else str(error),
        exc_info=cause,
    )


def ends_here(error: BaseException) -> bool:
    """Whether an exception is none of a calculator: this task is cancelled, or Ctrl-C ends the process."""
    if isinstance(error, asyncio.CancelledError):
        task = asyncio.current_task()
        return task is not None and task.cancelling() > 0
    return is_interrupt(error) or (isinstance(error, GeneratorExit) and is_left_behind())


def is_left_behind() -> bool:
    """Whether no event loop runs this code any more: its coroutine is being closed."""
    try:
        return asyncio.current_task() is None
    except RuntimeError:
        return True
