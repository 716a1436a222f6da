"""Graph: loaded from YAML, opened once, run many times at once."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Self

from ovpipe.calculator import Calculator
from ovpipe.errors import NotFoundError, OvpipeError, RunError, did_you_mean
from ovpipe.graph.load import load_graph
from ovpipe.graph.outside import OutsidePacket, with_outside
from ovpipe.graph.plan import NodePlan, Plan
from ovpipe.metering import Meter
from ovpipe.registry import Registry
from ovpipe.runtime.core.observer import refuse_async
from ovpipe.runtime.nodes.blueprint import Blueprint
from ovpipe.runtime.runs.blocking import BlockingGraph
from ovpipe.runtime.runs.failures import ends_here, log_failure
from ovpipe.runtime.runs.live_runs import LiveRuns
from ovpipe.runtime.runs.resource import ReportProgress, ResourceContext, resource_failure
from ovpipe.runtime.runs.run import Run
from ovpipe.runtime.runs.sent_types import check_sent
from ovpipe.runtime.runs.stepper import Stepper
from ovpipe.runtime.watching.blocked_loop import BlockedCalls
from ovpipe.runtime.watching.node_metrics import NodeCounters, NodeMetrics
from ovpipe.runtime.watching.trace import Trace

CLOSE_SECONDS = 10.0
"""How long a graph that closes waits for the nodes of its runs."""
BLOCK_SECONDS = 0.1
"""For how long one call may keep the event loop."""


class Graph:
    """A checked graph. `open` runs its nodes without streams; `run` starts a pass of the others.

    graph = Graph.load("chat.yaml", parameters={"models_path": "model"})
    async with graph:
        async with graph.run() as run:
            ...
    """

    def __init__(
        self,
        plan: Plan,
        *,
        build: Mapping[str, Callable[[], Calculator]] | None = None,
        side_packets: Mapping[str, Any] | None = None,
    ) -> None:
        """`build` replaces how the calculators of some nodes are made, by the node's name.

        `side_packets` are given from outside, as those of `open` are.
        """
        self.plan = plan
        self.name = plan.name
        self._build = dict(build or {})
        self._given = dict(side_packets or {})
        self._blueprint = Blueprint.of(plan, self._build)
        self._side_packets: dict[str, Any] = {}
        self._resources: list[tuple[NodePlan, Calculator, ResourceContext]] = []
        self._executors: dict[str, ThreadPoolExecutor] = {}
        self._open = False
        self._live = LiveRuns(plan.name)
        self._counters: NodeCounters | None = None
        self.run_ids: Iterator[str] = map(str, itertools.count(1))
        """Where the ids of runs come from that are given none; may be replaced, by a recorded one say."""
        self.trace: Trace | None = None
        """What all runs that are started from now on are traced by; None: they are not."""
        self.stall_seconds: float | None = None
        """After how long in which nothing moves such a run logs why; None: never. See `Run.watch_stall`."""
        self.check_types = False
        """Whether a run fails that is started from now on and whose node sends a value of another type than
        its port declares. It costs a look at each packet."""
        self.block_seconds: float | None = BLOCK_SECONDS
        """A call that keeps the event loop for so long is logged and counted; None: none. `open` reads it."""

    @classmethod
    def load(
        cls,
        path: Path | str,
        *,
        registry: Registry | None = None,
        parameters: Mapping[str, Any] | None = None,
        base: Path | None = None,
        side_packets: Mapping[str, Any] | None = None,
    ) -> Graph:
        """Reads and checks a graph file; raises GraphError with all its findings.

        Calculators are looked up in `registry`, by default those of all installed packages. Relative
        paths among the parameters are resolved against `base`, by default the working folder.
        `side_packets` are given from outside, in place of the nodes that would make them: parameters that
        only these nodes refer to need no value.
        """
        plan = load_graph(
            path,
            registry=registry or Registry.installed(),
            parameters=parameters,
            base=base,
            outside={name: OutsidePacket() for name in side_packets or {}},
        )
        with_outside(plan, side_packets or {})  # of wrong types
        return cls(plan, side_packets=side_packets)

    def __repr__(self) -> str:
        state = f"open, {len(self._live)} runs" if self._open else "closed"
        nodes = len(self.plan.nodes) + len(self.plan.resources)
        ports = f"({', '.join(self.plan.inputs)}) -> ({', '.join(self.plan.outputs)})"
        return f"<Graph {self.name} {ports}, {nodes} nodes, {state}>"

    # --- life

    async def open(
        self, side_packets: Mapping[str, Any] | None = None, *, progress: ReportProgress | None = None
    ) -> None:
        """Opens the nodes without streams, in the order of their side packets.

        `side_packets` are those the graph takes from outside, of which optional ones may be left out. One
        that a node without streams would make replaces this node, which is not built. GraphError is raised
        where a value is of a wrong type, or a node would make only some of what is given. When a node fails,
        those already open are closed and RunError is raised, with the node's exception as its cause.
        """
        if self._open:
            raise OvpipeError(f"graph {self.name!r} is open already")
        if progress is not None:
            refuse_async(progress, "what hears of progress", "start a task in it")
        given = {**self._given, **(side_packets or {})}
        missing = [name for name in self.plan.side_inputs if name not in given]
        if missing:
            raise NotFoundError(
                f"graph {self.name!r} requires side packets from outside that were not given: "
                f"{', '.join(missing)}"
            )
        self._refuse_strangers(given, self.plan.from_outside())
        resources = with_outside(self.plan, given).resources
        self._live.reopen()
        self._live.watch_loop(self.block_seconds)
        self._side_packets = given
        self._executors = {
            executor.name: ThreadPoolExecutor(executor.threads, f"{self.name}.{executor.name}")
            for executor in self.plan.executors
        }
        try:
            for plan in resources:
                await self._open_resource(plan, progress)
        except BaseException:  # a cancelled open, too, leaves no node open
            await self.close()
            raise
        self._open = True

    async def _open_resource(self, plan: NodePlan, progress: ReportProgress | None) -> None:
        cx = ResourceContext(plan, self._side_packets, progress, self.plan.calculator_folders)
        try:
            calculator = self._build.get(plan.name, plan.build)()
            opening = calculator.open(cx)
            if opening is not None:
                await opening
            unset = [f"{port}" for port, name in plan.side_outputs if name not in cx.made]
            if unset:
                raise OvpipeError(f"open set no value for {', '.join(unset)}")
        except BaseException as error:  # a calculator's open may raise anything
            if ends_here(error):
                raise
            raise resource_failure(plan, "open", error) from error
        self._resources.append((plan, calculator, cx))
        self._side_packets.update(cx.made)

    async def close(self, *, timeout: float = CLOSE_SECONDS) -> None:
        """Cancels the runs that live, waits until their nodes have closed, then closes those without streams.

        A run whose nodes have not closed after `timeout` seconds is logged and left behind. The nodes without
        streams close in reverse order of their opening, all of them, whatever one raises.
        """
        self._open = False
        try:
            await self._live.end_all(timeout)
        finally:
            self._live.stop_watching()
            await self._close_resources()

    async def _close_resources(self) -> None:
        ended_by: BaseException | None = None
        while self._resources:
            plan, calculator, cx = self._resources.pop()
            try:
                closing = calculator.close(cx)
                if closing is not None:
                    await closing
            except BaseException as error:  # the others close, whatever this one raised
                if ends_here(error):
                    ended_by = error  # the others close all the same
                else:
                    log_failure(resource_failure(plan, "close", error), f"graph {self.name!r}")
        self._side_packets = {}
        for executor in self._executors.values():
            executor.shutdown(wait=False, cancel_futures=True)
        self._executors = {}
        if ended_by is not None:
            raise ended_by

    async def __aenter__(self) -> Self:
        if not self._open:
            await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    # --- use

    @property
    def side_packets(self) -> Mapping[str, Any]:
        """The side packets of an open graph: those from outside and those its nodes made."""
        return MappingProxyType(self._side_packets)

    def count_nodes(self) -> None:
        """Keeps metrics of the nodes of all runs that are started from now on."""
        if self._counters is None:
            self._counters = NodeCounters([node.name for node in self.plan.nodes])

    def node_metrics(self) -> Mapping[str, NodeMetrics]:
        """The metrics of each node with streams, over all runs since `count_nodes`; empty before that."""
        return {} if self._counters is None else self._counters.metrics()

    def blocked_calls(self) -> Mapping[str, BlockedCalls]:
        """The calls that kept the event loop for `block_seconds` or longer, by node, where there were any."""
        watch = self._live.loop_watch
        return {} if watch is None else watch.counts()

    @property
    def runs(self) -> Mapping[str, Run]:
        """The runs that live, by id: a view that follows them. A run leaves it when it is over."""
        return self._live

    def run(
        self,
        side_packets: Mapping[str, Any] | None = None,
        *,
        id: str | None = None,
        trace: Trace | None = None,
        meter: Meter | None = None,
    ) -> Run:
        """Starts a run, with side packets of its own on top of the graph's if any are given.

        `id` names it among the graph's runs; without one the next of `run_ids` does. `trace` keeps what
        happens in this run, in place of the graph's own trace. `meter` counts what
        the run has engines generate.
        """
        packets = self._packets_of_run(side_packets)
        name = next(self.run_ids) if id is None else id
        try:
            run = Run(
                self._blueprint,
                packets,
                id=name,
                graph=self.name,
                keeper=self._live,
                executors=self._executors,
                meter=meter,
            )
        except RunError as error:  # of a constructor
            log_failure(error, f"graph {self.name!r}, run {name}")
            raise
        for listener in (trace or self.trace, self._counters):
            if listener is not None:
                run.attach(listener)
        if self.check_types:
            for node in self.plan.nodes:
                for port, index in node.outputs:
                    run.observe(self.plan.streams[index].name, partial(check_sent, port))
        if self.stall_seconds is not None:
            run.watch_stall(self.stall_seconds)
        return run

    def stepper(
        self, output: str, side_packets: Mapping[str, Any] | None = None, *, id: str | None = None
    ) -> Stepper:
        """A run for plain code, without an event loop: one packet in, one packet of `output` out.

        Raises GraphError for a graph that cannot be stepped: its nodes are all plain, and it has one input.
        """
        packets = self._packets_of_run(side_packets)
        name = next(self.run_ids) if id is None else id
        stepper = Stepper(self._blueprint, packets, output=output, id=name, graph=self.name)
        for listener in (self.trace, self._counters):
            if listener is not None:
                stepper.attach(listener)
        return stepper

    def _packets_of_run(self, own: Mapping[str, Any] | None) -> Mapping[str, Any]:
        """The side packets of a run that has some of its own."""
        if not self._open:
            raise OvpipeError(
                f"graph {self.name!r} is not open: use `async with graph`, or await graph.open()"
            )
        if not own:
            return self._side_packets
        self._refuse_strangers(own, self._side_packets)
        return {**self._side_packets, **own}

    def _refuse_strangers(self, given: Mapping[str, Any], known: Iterable[str]) -> None:
        """Raises NotFoundError for names that are not `known`: an optional one, misspelt, would be missed."""
        known = {*known, *self.plan.optional_side_inputs}
        for name in given:
            if name not in known:
                remedy = did_you_mean(name, known)
                raise NotFoundError(
                    f"graph {self.name!r} takes no side packet {name!r} from outside: {remedy}"
                )

    async def process(self, **inputs: Any) -> dict[str, list[Any]]:
        """A run of one packet on each of these inputs; everything that came out, by output, in order."""
        results: dict[str, list[Any]] = {name: [] for name in self.plan.outputs}
        async with self.run() as run:
            for name, values in results.items():
                run.observe(name, lambda packet, values=values: values.append(packet.value))  # type: ignore[misc]  # mypy cannot infer a lambda with a default
            for name, value in inputs.items():
                await run.send(name, value, at=0)
        return results

    def blocking(self, side_packets: Mapping[str, Any] | None = None) -> BlockingGraph:
        """The graph for code without an event loop: `with graph.blocking() as blocking: ...`."""
        return BlockingGraph(self, side_packets)
