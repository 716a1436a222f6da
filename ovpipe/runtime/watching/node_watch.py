"""NodeWatch: what stands around the calls of one node of a watched run."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from inspect import CORO_CREATED, getcoroutinestate, iscoroutine, iscoroutinefunction
from time import perf_counter_ns
from typing import Any, Protocol

from ovpipe.ports import Port
from ovpipe.runtime.core.consumer import Item
from ovpipe.runtime.nodes.async_node import AsyncNode
from ovpipe.runtime.nodes.node import Node
from ovpipe.runtime.nodes.overlapping import OverlappingNode
from ovpipe.runtime.nodes.source import AsyncSourceNode
from ovpipe.runtime.watching.end_of_call import EndOfCall

Process = Callable[[Any], Any]


class CallReports(Protocol):
    """Takes the calls of a watched run."""

    def call_ended(
        self, node: int, phase: str, ts: int, began: int, ended: int, depth: int, taken: Taken
    ) -> None: ...


Taken = tuple[tuple[int, int], ...]
"""The packets of a call: stream and timestamp of each."""


class NodeWatch:
    """Times a node's calls and notes which packets they take.

    It is put on a node and taken off between two calls of `process`, or beside one that awaits. A call that
    was under way when it was put on is reported when it ends, as if it had begun then.
    """

    __slots__ = ("_calls", "_end", "_index", "_node", "_popped", "_process", "_reports", "_since")

    def __init__(self, index: int, node: Node, reports: CallReports) -> None:
        self._index = index
        self._node = node
        self._reports = reports
        self._popped: dict[Port[Any], int] = {}
        self._since: dict[int, int] = {}
        """By the identity of its context: when a call under way began."""
        self._process: Process = node.process
        self._end: EndOfCall | None = None

    # --- on and off

    def put_on(self) -> None:
        """Watches the node from its next call on."""
        node = self._node
        self._process = node.process
        node.process = self.around("process", node.process)
        if isinstance(node, OverlappingNode):
            for cx, call in node.calls:
                self._adopt(cx, call)
            return
        for entry in node.inputs:
            entry.pop = self.noting(entry.port, entry.queue.popleft)
        stepping = isinstance(node, AsyncSourceNode) and node.stepping
        in_call = stepping or any(entry.port in node.cx for entry in node.inputs)
        if isinstance(node, AsyncNode) and in_call and id(node.cx) not in self._since:
            self._end = EndOfCall(node, self.began("process", node.cx))

    def take_off(self) -> None:
        """Leaves the node as it was. A call under way is reported all the same, to who listens then."""
        node = self._node
        node.process = self._process
        for entry in node.inputs:
            entry.pop = entry.queue.popleft
        if self._end is not None and not self._end.over:  # else it is a later call that is under way
            self._end.restore()
            self._since.pop(id(node.cx), None)
        self._end = None
        self._popped.clear()

    def _adopt(self, cx: Any, call: asyncio.Task[Any]) -> None:
        """Reports a call that began before; one whose task has yet to run will go through `process`."""
        if call.done():
            return  # it ended before, and waits for those that began before it
        body = call.get_coro()
        begun = not iscoroutine(body) or getcoroutinestate(body) != CORO_CREATED
        if begun and id(cx) not in self._since:
            ended = self.began("process", cx)
            call.add_done_callback(lambda _: ended())

    @property
    def call_since(self) -> int | None:
        """When the oldest call under way began."""
        return min(list(self._since.values()), default=None)

    # --- calls

    def around(self, phase: str, call: Process) -> Process:
        """The call with a look before and after it; it stays the kind of function it was."""
        if iscoroutinefunction(call):

            async def awaited(cx: Any) -> Any:
                ended = self.began(phase, cx)
                try:
                    return await call(cx)
                finally:
                    ended()

            return awaited
        if phase == "process" and isinstance(self._node, OverlappingNode):
            return self.on_thread(call)

        index, reports, deepest, taken = self._index, self._reports, self.deepest, self.taken

        def plain(cx: Any) -> Any:
            depth = deepest(cx)
            began = perf_counter_ns()
            try:
                return call(cx)
            finally:
                reports.call_ended(index, phase, cx.ts, began, perf_counter_ns(), depth, taken(cx))

        return plain

    def on_thread(self, call: Process) -> Process:
        """A call on a thread: timed there, and reported on the event loop."""
        loop = asyncio.get_running_loop()

        def threaded(cx: Any) -> Any:
            if id(cx) in self._since:
                return call(cx)  # adopted while it waited for a thread: its end is seen as it is
            depth = self.deepest(cx)
            taken = self.taken(cx)
            self._since[id(cx)] = began = perf_counter_ns()
            try:
                return call(cx)
            finally:
                ended = perf_counter_ns()
                if not loop.is_closed():
                    loop.call_soon_threadsafe(self._ended_on_thread, cx, began, ended, depth, taken)

        return threaded

    def _ended_on_thread(self, cx: Any, began: int, ended: int, depth: int, taken: Taken) -> None:
        """Reports a call; until its task has ended too, it is known as one that must not be adopted."""
        node = self._node
        tasks = (
            [call for other, call in node.calls if other is cx] if isinstance(node, OverlappingNode) else []
        )
        if tasks:
            tasks[0].add_done_callback(lambda _: self._since.pop(id(cx), None))
        else:
            self._since.pop(id(cx), None)
        self.report("process", cx.ts, began, ended, depth, taken)

    def began(self, phase: str, cx: Any) -> Callable[[], None]:
        """A call is under way; returns what is to be called when it has ended."""
        depth = self.deepest(cx)
        began = self._since[id(cx)] = perf_counter_ns()

        def ended() -> None:
            self._since.pop(id(cx), None)
            self.report(phase, cx.ts, began, perf_counter_ns(), depth, self.taken(cx))

        return ended

    def report(self, phase: str, ts: int, began: int, ended: int, depth: int, taken: Taken) -> None:
        """A call has ended."""
        self._reports.call_ended(self._index, phase, ts, began, ended, depth, taken)

    # --- packets

    def deepest(self, cx: Any) -> int:
        """The most packets at one input, those already in the context included."""
        deepest = 0
        for entry in self._node.inputs:
            depth = len(entry.queue) + (entry.port in cx)
            if depth > deepest:
                deepest = depth
        return deepest

    def taken(self, cx: Any) -> Taken:
        """The packets of a call, by what its context has."""
        ts, popped = cx.ts, self._popped
        return tuple([(index, popped.get(port, ts)) for port, index in self._node.plan.inputs if port in cx])

    def noting(self, port: Port[Any], pop: Callable[[], Item]) -> Callable[[], Item]:
        """Remembers which packet was taken, for policies that bring different timestamps together."""
        popped = self._popped

        def noted() -> Item:
            item = pop()
            popped[port] = item[0]
            return item

        return noted
