"""Keys: parts of a stream that nobody needs any more, such as one of several choices."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable

from ovpipe.runtime.stream import Item, Stream


class KeysDone:
    """Which keys of one stream which of its consumers are done with."""

    __slots__ = ("done", "said")

    def __init__(self) -> None:
        self.said: dict[Hashable, set[int]] = {}
        """By key the consumers that need no more of it, each known by its queue."""
        self.done: frozenset[Hashable] = frozenset()
        """The keys that no consumer needs."""


def give_up(stream: Stream, queue: deque[Item], key: Hashable) -> None:
    """Who reads from this queue needs no more packets of a key."""
    note(stream, queue, key)
    settle_keys(stream)


def note(stream: Stream, queue: deque[Item], key: Hashable) -> None:
    """Keeps that one consumer needs no more of a key."""
    if stream.keys is None:
        stream.keys = KeysDone()
    stream.keys.said.setdefault(key, set()).add(id(queue))


def settle_keys(start: Stream) -> None:
    """Tells the producer of a stream, and those above it, which keys have come to be needed by nobody.

    A node passes a key on to its inputs when nobody needs it of any of its outputs.
    """
    streams = deque([start])
    while streams:
        stream = streams.popleft()
        keys, producer = stream.keys, stream.producer
        if keys is None:
            continue
        readers = {id(queue) for _, queue, _ in stream.consumers}
        news = [key for key, said in keys.said.items() if key not in keys.done and said >= readers]
        keys.done |= frozenset(news)
        if producer is None or not news:
            continue
        for key in news:
            if all(needs_none(output, key) for output in producer.outs):
                for entry in producer.inputs:
                    note(entry.source, entry.queue, key)
                    streams.append(entry.source)


def needs_none(stream: Stream, key: Hashable) -> bool:
    """Whether nobody who reads a stream needs this key of it."""
    return not stream.consumers or (stream.keys is not None and key in stream.keys.done)
