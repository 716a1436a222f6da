"""Stream: a run's edge from one producer to its consumers."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, NoReturn, Protocol

from ovpipe.errors import Abandoned, TimestampError
from ovpipe.runtime.core.consumer import Append, Consumer, Item
from ovpipe.runtime.core.keys_done import KeysDone
from ovpipe.timestamp import (
    DONE,
    FIRST_ORDINARY,
    ONE_OVER_POST_STREAM,
    POST_STREAM,
    PRE_STREAM,
    UNSET,
    UNSTARTED,
    Timestamp,
    next_allowed,
)

UNBOUNDED = sys.maxsize
"""The limit of a queue that never counts as full: it drops packets by itself, or closes a cycle."""

GROWTH = 16
"""How many times its limit a queue may grow to, packet by packet, when nothing else can move."""


class Reads(Protocol):
    """One of a producer's inputs: the stream it reads, and the queue before it."""

    source: Stream
    queue: deque[Item]


class Producer(Protocol):
    """What writes a stream, as the stream and those who read it see it."""

    name: str
    outs: list[Stream]

    @property
    def place(self) -> str:
        """file:line of the graph, for messages."""

    @property
    def inputs(self) -> Sequence[Reads]:
        """The streams it reads in turn."""

    def has_room(self) -> None:
        """Called when an output that was full is not any more."""

    def lost_consumer(self) -> Consumer | None:
        """Called when an output has lost its last consumer; returns who has news by that."""


class Stream:
    """Packets in ascending order, a bound below which nothing more comes, and a queue per consumer.

    `bound` moves with every send. It is published once per drain of the producer, which schedules the
    consumers; `published_bound` is the one they have seen. `full` means that some consumer's queue has
    reached `limit`: the producer is not run again before every queue is shorter. `waiters` are called then.
    `carried` says whether there was a packet: one at POST_STREAM must be the first.
    """

    __slots__ = (
        "append",
        "bound",
        "cap",
        "carried",
        "consumers",
        "full",
        "keys",
        "limit",
        "name",
        "observers",
        "overflow",
        "producer",
        "published_bound",
        "streaming",
        "waiters",
    )

    def __init__(self, name: str, limit: int, overflow: str = "block") -> None:
        self.name = name
        self.limit = limit
        self.overflow = overflow
        self.cap = limit * GROWTH
        self.bound = PRE_STREAM
        self.published_bound = PRE_STREAM
        self.full = False
        self.carried = False
        self.streaming = False
        self.producer: Producer | None = None
        self.consumers: list[tuple[Consumer, deque[Item], int]] = []
        """Who reads, the queue before it, and how many packets make that queue full."""
        self.observers: list[Append] = []
        self.waiters: list[Callable[[], None]] = []
        self.append: Append = drop
        self.keys: KeysDone | None = None
        """What was said with `cx.done(port, key)`; most streams have no keys."""

    def connect(self) -> None:
        """Chooses the cheapest way to hand a packet to all that read it."""
        self.append = self.sink() if self.carried else self.first

    def first(self, item: Item) -> None:
        """Stands in for `append` until there was a packet, so that later ones pay nothing for `carried`."""
        self.carried = True
        append = self.append = self.sink()
        append(item)

    def sink(self) -> Append:
        """What hands a packet to all that read it."""
        if len(self.consumers) == 1 and not self.observers:
            return self.consumers[0][1].append
        sinks: list[Append] = [queue.append for _, queue, _ in self.consumers]
        sinks += self.observers
        if not sinks:
            return drop
        return sinks[0] if len(sinks) == 1 else fan_out(sinks)

    @property
    def abandoned(self) -> bool:
        """Whether every consumer there was is done."""
        return self.append == self.refuse

    def detach(self, queue: deque[Item]) -> bool:
        """Forgets the consumer behind a queue; returns whether it was the last."""
        self.consumers = [entry for entry in self.consumers if entry[1] is not queue]
        if self.consumers:
            self.connect()
            return False
        self.append = self.refuse
        return True

    def refuse(self, item: Item) -> NoReturn:
        """Stands in for `append` when all consumers are done."""
        raise Abandoned(f"every consumer of stream {self.name!r} is done")

    def attach(self, consumer: Consumer, queue: deque[Item], *, bounded: bool = True) -> None:
        """Adds a consumer. A queue that is not bounded never holds the producer up."""
        bounded = bounded and self.overflow == "block"
        self.consumers.append((consumer, queue, self.limit if bounded else UNBOUNDED))

    def room(self) -> int:
        """How many packets fit before the first queue is full."""
        room = UNBOUNDED
        for _, queue, limit in self.consumers:
            left = limit - len(queue)
            if left < room:
                room = left
        return room

    def grow(self) -> None:
        """Lets every bounded queue hold one more packet."""
        self.limit += 1
        self.consumers = [
            (consumer, queue, limit if limit == UNBOUNDED else self.limit)
            for consumer, queue, limit in self.consumers
        ]

    def late(self, timestamp: int) -> int:
        """The timestamp for a send without `at` whose input's timestamp is below the bound.

        A streaming output goes on after its last packet. Of `open` (UNSTARTED) and `close` (UNSET) only
        a streaming output in `close` has a timestamp to go on from.
        """
        if self.streaming and timestamp != UNSTARTED and self.bound < ONE_OVER_POST_STREAM:
            return max(self.bound, 0 if timestamp == UNSET else FIRST_ORDINARY)
        if timestamp in (UNSTARTED, UNSET):
            phase = "open" if timestamp == UNSTARTED else "close"
            raise TimestampError(
                f"a packet sent to stream {self.name!r} in {phase} needs a timestamp: at=..."
            )
        raise self.misfit(timestamp)

    def check(self, timestamp: int) -> None:
        """Raises TimestampError unless a packet may follow at this timestamp."""
        if not self.bound <= timestamp < ONE_OVER_POST_STREAM or (timestamp == POST_STREAM and self.carried):
            raise self.misfit(timestamp)

    def check_bound(self, bound: int) -> None:
        """Raises TimestampError unless this can be promised of what comes."""
        if not self.bound <= bound < ONE_OVER_POST_STREAM:
            raise TimestampError(
                f"stream {self.name!r}: its bound is {Timestamp.of_raw(self.bound)} and can neither fall "
                f"nor end the stream, but received {Timestamp.of_raw(bound)}; close_input ends it"
            )

    def put(self, timestamp: int, value: Any) -> None:
        """Sends at an explicit timestamp."""
        self.check(timestamp)
        self.bound = next_allowed(timestamp)
        self.append((timestamp, value))

    def misfit(self, timestamp: int) -> TimestampError:
        """The error of a packet that comes too early or cannot be."""
        received = Timestamp.of_raw(timestamp)
        if not received.is_allowed_in_stream:
            return TimestampError(f"stream {self.name!r}: no packet can have timestamp {received}")
        if self.bound >= ONE_OVER_POST_STREAM:
            return TimestampError(f"stream {self.name!r} is closed, but received a packet at {received}")
        if timestamp == POST_STREAM:
            return TimestampError(
                f"stream {self.name!r}: a packet at {received} must be the only one of its stream, "
                "and there was one before"
            )
        expected = Timestamp.of_raw(self.bound)
        return TimestampError(
            f"stream {self.name!r}: minimum expected timestamp is {expected} but received {received}; a "
            f"stream's timestamps only rise, so send at {expected} or later, or leave out `at`"
        )


def drop(item: Item) -> None:
    """Stands in for `append` where nobody reads, and after the run has stopped."""


def fan_out(sinks: list[Append]) -> Append:
    """One append for several consumers."""

    def append(item: Item) -> None:
        for sink in sinks:
            sink(item)

    return append


def closed_stream() -> Stream:
    """What an input reads from after `cx.done`, or when it is not wired: settled for ever."""
    stream = Stream("", 1)
    stream.bound = stream.published_bound = DONE
    return stream
