"""Keys: parts of a stream that nobody needs any more, such as one of several choices."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable

from ovpipe.runtime.core.consumer import Item
from ovpipe.runtime.core.keys_done import KeysDone
from ovpipe.runtime.core.stream import Stream


def give_up(stream: Stream, queue: deque[Item], key: Hashable) -> None:
    """Who reads from this queue needs no more packets of a key.

    When nobody does any more, and of no other output of the stream's producer, the producer passes the key
    on to its own inputs; and so on upwards.
    """
    news = deque([(stream, queue)])
    while news:
        stream, queue = news.popleft()
        if stream.keys is None:
            stream.keys = KeysDone()
        if key in stream.keys.done:
            continue
        stream.keys.said.setdefault(key, set()).add(id(queue))
        if settle(stream, stream.keys, key):
            news.extend(inputs_of_producer(stream))


def consumer_left(stream: Stream) -> None:
    """A consumer is done with the whole stream: it needs no key of it."""
    keys = stream.keys
    if keys is None:
        return
    for key in list(keys.said):
        if settle(stream, keys, key):
            for source, queue in inputs_of_producer(stream):
                give_up(source, queue, key)


def settle(stream: Stream, keys: KeysDone, key: Hashable) -> bool:
    """Looks whether anybody still needs a key of a stream; whether its producer can pass it on now."""
    if not keys.said[key] >= {id(queue) for _, queue, _ in stream.consumers}:
        return False
    del keys.said[key]
    keys.done.add(key)
    producer = stream.producer
    return producer is not None and all(needs_none(output, key) for output in producer.outs)


def inputs_of_producer(stream: Stream) -> list[tuple[Stream, deque[Item]]]:
    """The streams that a stream's producer reads, each with its queue there."""
    producer = stream.producer
    return [] if producer is None else [(entry.source, entry.queue) for entry in producer.inputs]


def needs_none(stream: Stream, key: Hashable) -> bool:
    """Whether nobody who reads a stream needs this key of it."""
    return not stream.consumers or (stream.keys is not None and key in stream.keys.done)
