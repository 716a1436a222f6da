"""Queues of streams whose producer does not wait: the oldest packet is dropped, or the run fails."""

from __future__ import annotations

from collections import deque

from ovpipe.errors import QueueFullError
from ovpipe.runtime.core.consumer import Item
from ovpipe.runtime.core.stream import Stream


class RefusingQueue(deque[Item]):
    """`overflow: error`: a packet for a full queue is an error of who sends it."""

    def __init__(self, stream: str, limit: int) -> None:
        super().__init__()
        self._stream = stream
        self._limit = limit

    def append(self, item: Item, /) -> None:
        if len(self) >= self._limit:
            raise QueueFullError(
                f"a queue of stream {self._stream!r} is full ({self._limit} packets, overflow: error); "
                "its reader is too slow, or max_queue_size too small"
            )
        super().append(item)


def queue_of(stream: Stream) -> deque[Item]:
    """The queue that a stream wants before each of its consumers."""
    if stream.overflow == "drop_oldest":
        return deque(maxlen=stream.limit)
    if stream.overflow == "error":
        return RefusingQueue(stream.name, stream.limit)
    return deque()
