"""NodeSpans: when each node of a run was at work, as one span for each."""

from __future__ import annotations

from typing import Any

from opentelemetry.trace import Span, Tracer, set_span_in_context

from ovpipe.runtime.watching.events import Call, WatchedRun
from ovpipe.runtime.watching.listener import Listener


class NodeTimes:
    """What one node has done in a run, in nanoseconds of `time.perf_counter_ns`."""

    __slots__ = ("began", "calls", "ended", "packets", "spent")

    def __init__(self, call: Call) -> None:
        self.began = call.began
        self.ended = call.ended
        self.calls = self.packets = self.spent = 0

    def add(self, call: Call) -> None:
        """One more call."""
        self.ended = max(self.ended, call.ended)
        self.calls += 1
        self.packets += len(call.taken)
        self.spent += call.ended - call.began


class NodeSpans(Listener):
    """Listens to a request's run. A node has one span, from its first call to the end of its last.

    A span for each call would be one for each token and node.
    """

    def __init__(self, tracer: Tracer, parent: Span, to_epoch: int) -> None:
        """`to_epoch` makes nanoseconds since 1970 of those of `perf_counter_ns`."""
        self._tracer = tracer
        self._parent = parent
        self._to_epoch = to_epoch
        self._nodes: dict[int, NodeTimes] = {}

    def call_ended(self, call: Call) -> None:
        if call.phase != "process":
            return
        times = self._nodes.get(call.node)
        if times is None:
            times = self._nodes[call.node] = NodeTimes(call)
        times.add(call)

    def detached(self, run: WatchedRun) -> None:
        context = set_span_in_context(self._parent)
        for index, times in self._nodes.items():
            node = run.blueprint.nodes[index]
            attributes: dict[str, Any] = {
                "ovpipe.graph": run.graph,
                "ovpipe.node": node.name,
                "ovpipe.node.calls": times.calls,
                "ovpipe.node.packets": times.packets,
                "ovpipe.node.seconds": times.spent / 1e9,
            }
            span = self._tracer.start_span(
                node.name, context, attributes=attributes, start_time=times.began + self._to_epoch
            )
            span.end(times.ended + self._to_epoch)
        self._nodes.clear()
