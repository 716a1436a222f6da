"""Deadlock: a full queue, and nothing else that can move."""

from __future__ import annotations

from ovpipe.runtime.core.stream import Stream


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
