"""InputQueue: one wired input of a node."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from ovpipe.ports import Input
from ovpipe.runtime.core.consumer import Item
from ovpipe.runtime.core.stream import Stream


class InputQueue:
    """The packets that wait at an input, and the stream they come from.

    `bounded` is whether they hold the stream's producer up. An input policy that drops packets puts a queue
    of its own in, before the stream is attached to it.
    """

    __slots__ = ("back_edge", "bounded", "pop", "port", "queue", "source")

    def __init__(self, port: Input[Any], source: Stream) -> None:
        self.port = port
        self.source = source
        self.bounded = True
        self.back_edge = False
        """Whether it closes a cycle."""
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
