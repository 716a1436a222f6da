"""InputQueue: one wired input of a node."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from ovpipe.errors import NotFoundError, did_you_mean
from ovpipe.ports import Input
from ovpipe.runtime.core.stream import Item, Stream


class InputQueue:
    """The packets that wait at an input, and the stream they come from.

    `bounded` is whether they hold the stream's producer up. An input policy that drops packets puts a queue
    of its own in, before the stream is attached to it.
    """

    __slots__ = ("bounded", "pop", "port", "queue", "source")

    def __init__(self, port: Input[Any], source: Stream) -> None:
        self.port = port
        self.source = source
        self.bounded = True
        self.queue: deque[Item] = deque()
        self.pop: Callable[[], Item] = self.queue.popleft

    def bound(self) -> int:
        """The smallest timestamp at which the input may still bring a packet."""
        return self.queue[0][0] if self.queue else self.source.bound

    def replace(self, queue: deque[Item], *, bounded: bool) -> None:
        """Lets another queue take the packets."""
        self.queue = queue
        self.pop = queue.popleft
        self.bounded = bounded


def named(inputs: Sequence[InputQueue], name: str) -> InputQueue:
    """The input whose port has this name, for an option of an input policy."""
    for entry in inputs:
        if entry.port.name == name:
            return entry
    known = [entry.port.name for entry in inputs]
    raise NotFoundError(
        f"the input policy names {name!r}, which is no wired input: {did_you_mean(name, known)}"
    )
