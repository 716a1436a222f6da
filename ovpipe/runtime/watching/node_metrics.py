"""What a graph's nodes have done, over all its runs."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock


@dataclass(frozen=True, slots=True)
class NodeMetrics:
    """One node's figures, those of its runs under way included.

    `seconds` is time in `process`, awaits included; for calls side by side, the sum. `deepest_queue` is the
    most packets at one input when a call began, its own included. `waits` is how often outputs became full,
    so that the node had to wait for room below, and `waited_seconds` how long; a wait counts its time when
    it is over.
    """

    calls: int = 0
    packets: int = 0
    seconds: float = 0.0
    deepest_queue: int = 0
    waits: int = 0
    waited_seconds: float = 0.0


class NodeCounter:
    """Counts for one node of a graph. Calls may end on any thread."""

    __slots__ = ("_calls", "_deepest", "_lock", "_packets", "_spent", "_waited", "_waits")

    def __init__(self) -> None:
        self._lock = Lock()
        self._calls = self._packets = self._spent = self._deepest = self._waits = self._waited = 0

    def called(self, packets: int, nanoseconds: int, deepest: int) -> None:
        """A call of `process` has ended."""
        with self._lock:
            self._calls += 1
            self._packets += packets
            self._spent += nanoseconds
            if deepest > self._deepest:
                self._deepest = deepest

    def waits(self) -> None:
        """An output is full."""
        with self._lock:
            self._waits += 1

    def waited(self, nanoseconds: int) -> None:
        """No output is full any more."""
        with self._lock:
            self._waited += nanoseconds

    def figures(self) -> NodeMetrics:
        """What was counted so far."""
        with self._lock:
            return NodeMetrics(
                self._calls,
                self._packets,
                self._spent / 1e9,
                self._deepest,
                self._waits,
                self._waited / 1e9,
            )
