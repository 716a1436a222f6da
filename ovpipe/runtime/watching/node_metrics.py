"""What a graph's nodes have done, over all its runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ovpipe.runtime.watching.events import Call, Waited
from ovpipe.runtime.watching.listener import Listener


@dataclass(frozen=True, slots=True)
class NodeMetrics:
    """One node's metrics, over runs that have ended and those under way.

    `seconds` is time in `process`, awaits included; for calls side by side, the sum. `deepest_queue` is the
    most packets at one input when a call began, its own included. `waits` is how often outputs became full,
    so that the node had to wait for room below, and `waited_seconds` how long. Calls and waits count when
    they are over.
    """

    calls: int = 0
    packets: int = 0
    seconds: float = 0.0
    deepest_queue: int = 0
    waits: int = 0
    waited_seconds: float = 0.0


class NodeCounter:
    """Counts for one node of a graph."""

    __slots__ = ("calls", "deepest", "packets", "spent", "waited", "waits")

    def __init__(self) -> None:
        self.calls = self.packets = self.spent = self.deepest = self.waits = self.waited = 0

    def metrics(self) -> NodeMetrics:
        """What was counted so far."""
        return NodeMetrics(
            self.calls, self.packets, self.spent / 1e9, self.deepest, self.waits, self.waited / 1e9
        )


class NodeCounters(Listener):
    """Listens to runs of one graph, whose nodes have these names, and counts."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = tuple(names)
        self._counters = tuple(NodeCounter() for _ in names)

    def call_ended(self, call: Call) -> None:
        if call.phase != "process":
            return
        counter = self._counters[call.node]
        counter.calls += 1
        counter.packets += len(call.taken)
        counter.spent += call.ended - call.began
        if call.depth > counter.deepest:
            counter.deepest = call.depth

    def node_waited(self, waited: Waited) -> None:
        counter = self._counters[waited.node]
        counter.waits += 1
        counter.waited += waited.ended - waited.began

    def metrics(self) -> Mapping[str, NodeMetrics]:
        """What was counted so far, by node."""
        return {name: counter.metrics() for name, counter in zip(self._names, self._counters, strict=True)}
