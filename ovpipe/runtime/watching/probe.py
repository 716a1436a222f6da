"""Probes: what watches a run from its start on, when somebody wants a trace or figures of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from time import perf_counter_ns
from typing import Any

from ovpipe.calculator import Calculator
from ovpipe.ports import Port
from ovpipe.runtime.core.consumer import Item
from ovpipe.runtime.core.core import Core
from ovpipe.runtime.core.core_node import CoreNode
from ovpipe.runtime.core.input_queue import InputQueue
from ovpipe.runtime.core.stream import Producer, Stream
from ovpipe.runtime.nodes.blueprint import Blueprint
from ovpipe.runtime.nodes.node import Node
from ovpipe.runtime.nodes.node_blueprint import NodeBlueprint
from ovpipe.runtime.nodes.overlapping import OverlappingNode
from ovpipe.runtime.watching.events import Call, Full, Sent, TracedRun
from ovpipe.runtime.watching.node_metrics import NodeCounter
from ovpipe.runtime.watching.timed import timed
from ovpipe.runtime.watching.trace import Trace
from ovpipe.timestamp import UNSET

PHASES = ("open", "process", "close")


class RunProbe:
    """Watches one run. A run without one has no trace of all this on its hot path: what is watched is put
    around the calculators' calls and onto the streams when the run is built.
    """

    def __init__(
        self, graph: str, blueprint: Blueprint, trace: Trace | None, tallies: Mapping[str, NodeCounter]
    ) -> None:
        self._trace = trace
        self._run = trace.begin_run(graph, blueprint) if trace is not None else None
        self._tallies = tallies
        self._nodes: list[NodeProbe] = []
        self._producers: dict[Producer, NodeProbe] = {}
        self._streams: dict[Stream, int] = {}

    def watch(self, plan: NodeBlueprint, calculator: Calculator) -> None:
        """Times a calculator's calls; told of all nodes, in the run's order, before they are built."""
        index = len(self._nodes)
        self._nodes.append(
            NodeProbe(index, plan, calculator, self._tallies.get(plan.name), self._trace, self._run)
        )

    def attach(self, core: Core) -> None:
        """Connects to the nodes and streams, which are built and not yet open."""
        for probe, node in zip(self._nodes, core.nodes, strict=True):
            probe.attach(node)
            self._producers[node] = probe
        for index, stream in enumerate(core.streams):
            self._streams[stream] = index
            if self._trace is not None and self._run is not None:
                stream.observers.append(partial(note_sent, self._trace, self._run, index, stream))

    def filled(self, stream: Stream) -> None:
        """A stream became full."""
        if stream.producer is not None:
            self._producers[stream.producer].filled(self._streams.get(stream))

    def relieved(self, stream: Stream) -> None:
        """A stream is not full any more."""
        if stream.producer is not None:
            self._producers[stream.producer].relieved(self._streams.get(stream))

    def release(self) -> None:
        """The run has ended: gives the calculators their own calls back, and lets go of the run."""
        for probe in self._nodes:
            probe.release()
        self._nodes.clear()
        self._producers.clear()
        self._streams.clear()


def note_sent(trace: Trace, run: TracedRun, index: int, stream: Stream, item: Item) -> None:
    """Observes a stream."""
    call_ts = stream.producer.cx.ts if isinstance(stream.producer, Node) else UNSET
    trace.add(Sent(run, index, item[0], call_ts, perf_counter_ns()))


class NodeProbe:
    """Watches one node of one run."""

    __slots__ = (
        "_calculator",
        "_entries",
        "_full",
        "_index",
        "_popped",
        "_ports",
        "_run",
        "_tally",
        "_trace",
        "_waiting_since",
    )

    def __init__(
        self,
        index: int,
        plan: NodeBlueprint,
        calculator: Calculator,
        tally: NodeCounter | None,
        trace: Trace | None,
        run: TracedRun | None,
    ) -> None:
        self._index = index
        self._ports = plan.inputs
        self._calculator = calculator
        self._tally = tally
        self._trace = trace
        self._run = run
        self._entries: list[InputQueue] = []
        self._popped: dict[Port[Any], int] = {}
        self._full: dict[int | None, int] = {}
        self._waiting_since = 0
        for phase in PHASES:
            if phase == "process" or getattr(type(calculator), phase) is not getattr(Calculator, phase):
                call = timed(getattr(calculator, phase), self.begin, partial(self.end, phase))
                # past a __setattr__ of its own: an author's dataclass may be frozen
                object.__setattr__(calculator, phase, call)

    def attach(self, node: CoreNode) -> None:
        """Connects to the node's queues."""
        self._entries = list(node.inputs)
        if not isinstance(node, OverlappingNode):  # which takes inputs before the call for them begins
            for entry in node.inputs:
                entry.pop = self.noting(entry.port, entry.pop)

    def noting(self, port: Port[Any], pop: Callable[[], Item]) -> Callable[[], Item]:
        """Remembers which packet was taken, for policies that bring different timestamps together."""
        popped = self._popped

        def noted() -> Item:
            item = pop()
            popped[port] = item[0]
            return item

        return noted

    # --- calls

    def begin(self, cx: Any) -> int:
        """The most packets at one input, those already in the context included."""
        deepest = 0
        for entry in self._entries:
            depth = len(entry.queue) + (entry.port in cx)
            if depth > deepest:
                deepest = depth
        return deepest

    def end(self, phase: str, cx: Any, began: int, depth: int) -> None:
        """A call has ended, on whatever thread."""
        ended = perf_counter_ns()
        ts = cx.ts
        popped = self._popped
        taken = [(index, popped.get(port, ts)) for port, index in self._ports if port in cx]
        if self._trace is not None and self._run is not None:
            self._trace.add(Call(self._run, self._index, phase, ts, began, ended, depth, tuple(taken)))
        if self._tally is not None and phase == "process":
            self._tally.called(len(taken), ended - began, depth)

    # --- waits

    def filled(self, stream: int | None) -> None:
        """An output is full: the node waits for room from the first to be so until none is."""
        now = perf_counter_ns()
        if not self._full:
            self._waiting_since = now
            if self._tally is not None:
                self._tally.waits()
        self._full[stream] = now

    def relieved(self, stream: int | None) -> None:
        """An output is not full any more."""
        began = self._full.pop(stream, None)
        if began is None:
            return
        now = perf_counter_ns()
        if self._trace is not None and self._run is not None and stream is not None:
            self._trace.add(Full(self._run, stream, began, now))
        if not self._full and self._tally is not None:
            self._tally.waited(now - self._waiting_since)

    def release(self) -> None:
        """The run has ended."""
        for stream in list(self._full):
            self.relieved(stream)
        for phase in PHASES:
            vars(self._calculator).pop(phase, None)
        self._entries = []
