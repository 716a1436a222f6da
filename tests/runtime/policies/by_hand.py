"""A node's inputs and its input policy, moved packet by packet without a run."""

from __future__ import annotations

from typing import Any

from ovpipe.ports import Input
from ovpipe.runtime.core.input_queue import InputQueue
from ovpipe.runtime.core.stream import Stream
from ovpipe.runtime.nodes.context import NodeContext
from ovpipe.runtime.policies import BuildPolicy
from ovpipe.timestamp import DONE

InputSet = tuple[int, dict[str, Any]]
"""The timestamp that `process` would see, and the values by input."""


class ByHand:
    """Inputs with these names. A packet is called after its input and timestamp unless a value is given."""

    name = "test"
    outside = True
    queued = True  # a consumer that is never scheduled: the test itself asks

    def __init__(self, build: BuildPolicy, *names: str) -> None:
        self.inputs = []
        for name in names:
            port = Input[Any]()
            port.name = name
            self.inputs.append(InputQueue(port, Stream(name, 100)))
        self.policy = build(self.inputs)
        for entry in self.inputs:
            entry.source.attach(self, entry.queue, bounded=entry.bounded)
            entry.source.connect()
        self.streams = {entry.source.name: entry.source for entry in self.inputs}
        self.cx = NodeContext()

    def drain(self) -> None:
        """As a consumer has to have it."""

    def send(self, name: str, at: int, value: Any = None) -> None:
        """A packet arrives."""
        self.streams[name].put(at, f"{name}{at}" if value is None else value)

    def settle(self, name: str, bound: int) -> None:
        """A stream's bound arrives."""
        self.streams[name].bound = bound

    def end(self, *names: str) -> None:
        """Streams end."""
        for name in names:
            self.settle(name, DONE)

    def take(self) -> InputSet | None:
        """The next input set."""
        if not self.policy.take(self.cx):
            return None
        return self.cx.ts, {port.name: value for port, value in self.cx.items()}

    def take_all(self) -> list[InputSet]:
        """Input sets until none is settled."""
        return list(iter(self.take, None))

    def waiting(self, name: str) -> list[int]:
        """The timestamps of the packets that wait in an input."""
        return [at for entry in self.inputs if entry.port.name == name for at, _ in entry.queue]
