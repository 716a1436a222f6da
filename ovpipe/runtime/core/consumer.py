"""Consumer: who reads a stream."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

Item = tuple[int, Any]
"""A packet inside the runtime: raw timestamp and value. Packet objects are for those outside."""

Append = Callable[[Item], object]
"""What takes a packet: a queue, or a function that looks at it."""


class Consumer(Protocol):
    """Who reads a stream: a node, or a reader outside the run. Scheduled when there is news.

    `queued` is true from its scheduling until it has looked.
    """

    queued: bool

    @property
    def name(self) -> str:
        """Who it is, for messages."""

    @property
    def outside(self) -> bool:
        """Whether it reads from outside the run, and so keeps what waits for it when the run stops."""

    def drain(self) -> Consumer | None:
        """Looks at what is new; returns who has news by that, for the pump to go on with."""
