"""BlockedLoop: the calls of nodes that keep the event loop, look by look. No threads, no clock."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from inspect import isasyncgenfunction, iscoroutinefunction

from ovpipe.runtime.nodes.node import Node
from ovpipe.runtime.watching.stack import NodeCall

log = logging.getLogger(__name__)

STILL_SECONDS = 1.0
"""A call that has kept the loop for so long is named while it still does."""


@dataclass(frozen=True, slots=True)
class BlockedCalls:
    """How often calls of a node kept the event loop for longer than they may, and how long altogether."""

    calls: int = 0
    seconds: float = 0.0


@dataclass(slots=True)
class SeenCall:
    """A call that was seen on the stack: it began after `after`, and was there from `first` to `last`."""

    call: NodeCall
    after: float
    first: float
    last: float
    named: bool = field(default=False)
    """Whether the log has named it while it lasted."""

    def seconds(self, gone: float) -> float:
        """How long it took, if it was gone at `gone`: halfway between the least and the most."""
        return ((self.last - self.first) + (gone - self.after)) / 2


class BlockedLoop:
    """Takes what looks at a graph's event loop find, counts the calls that keep it, and logs each node once.

    A node is named when a call of it has ended that kept the loop for `seconds` or longer, and when one has
    kept it for STILL_SECONDS and goes on.
    """

    def __init__(self, graph: str, seconds: float) -> None:
        self.seconds = seconds
        self._graph = graph
        self._seen: SeenCall | None = None
        self._counts: dict[str, BlockedCalls] = {}
        self._named: set[str] = set()
        self._named_still: set[str] = set()

    def counts(self) -> Mapping[str, BlockedCalls]:
        """By node, those that have kept the loop."""
        return dict(self._counts)

    def look(self, call: NodeCall | None, *, after: float, since: float, now: float, turned: float) -> None:
        """The loop is in this call `now`, or in none.

        A call that is new has begun after `after`, and was there at `since`. The loop has last turned to
        something else at `turned`.
        """
        seen = self._seen
        if seen is not None and (
            call is None or call.frame is not seen.call.frame or turned > seen.first  # an async call
        ):
            self._ended(seen, turned if turned > seen.first else now)
            seen = self._seen = None
        if call is None:
            return
        if seen is None:
            self._seen = SeenCall(call, max(after, turned), max(since, turned), now)
            return
        seen.call, seen.last = call, now
        if now - seen.first >= STILL_SECONDS and not seen.named:
            seen.named = True
            self._still(seen)

    def end(self, now: float) -> None:
        """No run lives any more, so no call does: holds on to no frame."""
        if self._seen is not None:
            self._ended(self._seen, now)
            self._seen = None

    def _still(self, seen: SeenCall) -> None:
        node = seen.call.node
        if node.name in self._named_still:
            return
        self._named_still.add(node.name)
        self._warn(
            node, f"has blocked the event loop for {seen.last - seen.first:.1f} s and still does", seen
        )

    def _ended(self, seen: SeenCall, gone: float) -> None:
        seconds = seen.seconds(gone)
        if seconds < self.seconds:
            return
        node = seen.call.node
        count = self._counts.get(node.name, BlockedCalls())
        self._counts[node.name] = replace(count, calls=count.calls + 1, seconds=count.seconds + seconds)
        if node.name not in self._named:
            self._named.add(node.name)
            self._warn(node, f"blocked the event loop for {seconds:.2f} s", seen)

    def _warn(self, node: Node, what: str, seen: SeenCall) -> None:
        log.warning(
            "graph %r: node %r (%s, %s) %s at %s; nothing else of this process's requests ran meanwhile. %s",
            self._graph,
            node.name,
            type(node.calculator).__name__,
            node.plan.place,
            what,
            seen.call.where,
            remedy(node),
        )


def remedy(node: Node) -> str:
    """What its author can do."""
    process = type(node.calculator).process
    if iscoroutinefunction(process) or isasyncgenfunction(process):
        return "Await what takes long: `await asyncio.to_thread(...)` has a thread do it"
    if not node.plan.inputs:
        return "Make `process` async, and await what takes long"
    return "Make `process` async and await what takes long, or put the node on an executor"
