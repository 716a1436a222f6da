"""CoreNode: what the core needs of a node."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ovpipe.calculator import Calculator
from ovpipe.runtime.core.consumer import Consumer
from ovpipe.runtime.core.input_queue import InputQueue
from ovpipe.runtime.core.stream import Producer


class CoreNode(Consumer, Producer, Protocol):
    """A node as the core moves it: it reads streams, writes streams, opens and closes once.

    A node that closes counts as closed while an async close still awaits; `calling` tells the two apart.
    """

    name: str
    calculator: Calculator
    opened: bool
    closed: bool

    @property
    def inputs(self) -> Sequence[InputQueue]:
        """Its wired inputs with their queues."""

    @property
    def calling(self) -> int | None:
        """The raw timestamp of the oldest call under way; None when there is none."""

    @property
    def progress_outside(self) -> int:
        """A count that moves when what its call waits for outside the run does; 0 when that is nothing."""

    def open(self) -> None:
        """Opens the calculator, before the first packet."""

    def finish(self) -> None:
        """Closes the calculator, once, unless a call is under way; then the node closes by itself."""

    def interrupt(self) -> None:
        """The run stops: cancels the calls under way."""

    def release(self) -> None:
        """Lets go of the run, which has ended."""
