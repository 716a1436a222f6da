"""Deadlock: a queue is full and nothing else can move. The queue grows, or the run fails."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from ovpipe.errors import StalledError
from ovpipe.runtime.core.back_pressure import PressedCore, relieve
from ovpipe.runtime.core.stream import Stream
from ovpipe.timestamp import UNSET


class DeadlockedCore(PressedCore, Protocol):
    """What deadlocks need of a core."""

    busy: int
    file: str
    report_deadlock: bool
    explain: Callable[[], str]

    def record(self, message: str, node: str, phase: str, ts: int, place: str, error: BaseException) -> None:
        """Keeps an error; the first one stops the run."""


def grow_or_fail(core: DeadlockedCore) -> bool:
    """Lets a full queue grow by one when the run could not move otherwise, or fails a run that may not.

    Full queues are no deadlock while an async call is in flight or a reader outside has yet to read.
    """
    if core.busy or core.stopping:
        return False
    if any(c.outside and len(q) >= limit for s in core.full for c, q, limit in s.consumers):
        return False
    stream = core.full[0]
    if core.report_deadlock or stream.limit >= stream.cap:
        error = StalledError(explain_deadlock(stream, core.explain(), report=core.report_deadlock))
        core.record(str(error), held_up_before(stream), "wait", UNSET, core.file, error)
        return True
    stream.grow()
    relieve(core, stream)
    return True


def explain_deadlock(stream: Stream, waits: str, *, report: bool) -> str:
    """Which queue is full and who reads from it; `waits` says what everybody waits for."""
    how = "is full with" if report else "has grown to"
    return (
        f"deadlock: the queue of stream {stream.name!r} before {held_up_before(stream)} {how} {stream.limit} "
        "packets and nothing else can move; an input beside it never settles, "
        f"or max_queue_size is too small: {waits}"
    )


def held_up_before(stream: Stream) -> str:
    """The nodes that read from full queues of a stream."""
    return ", ".join(
        consumer.name
        for consumer, queue, limit in stream.consumers
        if not consumer.outside and len(queue) >= limit
    )
