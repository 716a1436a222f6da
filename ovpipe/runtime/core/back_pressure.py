"""Back pressure: a packet waits because a queue below is full; its producer goes on when there is room."""

from __future__ import annotations

from typing import Protocol

from ovpipe.runtime.core.stream import Stream
from ovpipe.runtime.core.watch import CoreWatch


class PressedCore(Protocol):
    """What back pressure needs of a core."""

    full: list[Stream]
    """The streams whose producers wait for room, in the order in which they became full."""
    stopping: bool
    watch: CoreWatch | None


def mark_full(core: PressedCore, stream: Stream) -> None:
    """A consumer's queue has reached its limit: the producer waits."""
    if not stream.full:
        stream.full = True
        core.full.append(stream)
        if core.watch is not None:
            core.watch.filled(stream)


def relieve(core: PressedCore, stream: Stream) -> None:
    """A consumer took packets off: when all queues of a full stream have room, its producer may go on."""
    if stream.full and not core.stopping and stream.room() > 0:
        stream.full = False
        core.full.remove(stream)
        if core.watch is not None:
            core.watch.relieved(stream)
        if stream.producer is not None:
            stream.producer.has_room()
        waiters, stream.waiters = stream.waiters, []
        for wake in waiters:
            wake()
