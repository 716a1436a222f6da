"""Stepper: a run that plain code drives, one packet in and one packet out at a time."""

from __future__ import annotations

import time
from collections.abc import Coroutine, Mapping
from typing import Any, Final, NoReturn

from ovpipe.calculator import Calculator
from ovpipe.errors import Finding, GraphError, RunCancelled, StalledError, is_interrupt
from ovpipe.graph.plan import INLINE
from ovpipe.runtime.core.consumer import Item
from ovpipe.runtime.core.core import Core
from ovpipe.runtime.nodes.blueprint import Blueprint
from ovpipe.runtime.nodes.drop_on_error import DropOnErrorNode
from ovpipe.runtime.nodes.join_node import JoinNode
from ovpipe.runtime.nodes.node import Node, SingleInputNode
from ovpipe.runtime.nodes.node_blueprint import NodeBlueprint, NodeClass
from ovpipe.runtime.nodes.node_timer import NodeTimer
from ovpipe.runtime.runs.failures import log_failure
from ovpipe.runtime.watching.watched import Watched

PLAIN_NODES: Final[tuple[NodeClass, ...]] = (SingleInputNode, JoinNode, DropOnErrorNode)
"""The kinds of node whose calls have always ended when a pump has."""


class Stepper(Watched):
    """One pass of a graph's streaming nodes, without an event loop.

    `step` puts one packet on the graph's input at the next timestamp, lets the nodes work until none can
    go on, and gives the one packet that must have come out at that timestamp. All nodes are plain: nothing
    in such a run may wait for anything but a step. The caller is the only one who touches it.
    """

    def __init__(
        self, blueprint: Blueprint, side_packets: Mapping[str, Any], *, output: str, id: str, graph: str
    ) -> None:
        """Raises GraphError where the graph cannot be stepped, RunError where a calculator cannot be made."""
        check_steppable(blueprint)
        super().__init__(blueprint, id, graph)
        (self._input,) = blueprint.inputs.values()
        self._output = output
        self._next = 0
        self._came: list[Item] = []
        self._over = False
        self._timers: dict[str, NodeTimer] = {}
        self._core = core = Core(
            blueprint.new_streams(),
            file=blueprint.file,
            open_inputs=1,
            report_deadlock=blueprint.report_deadlock,
            spawn=_refuse_to_spawn,
            executors={},
            on_drop=lambda error: log_failure(error, self._where),
            on_failure=lambda error: log_failure(error, self._where),
            on_news=_pump_comes_anyway,
            on_end=self._end,
            explain=self.explain_stall,
        )
        blueprint.build_nodes(core, side_packets)
        self.calculators: Mapping[str, Calculator] = {node.name: node.calculator for node in core.nodes}
        """Those of this run, by their nodes' names."""
        core.observe(core.streams[blueprint.stream_index(output)], self._came.append)

    def step(self, value: Any) -> Any:
        """One packet in, one packet out.

        Raises RunError when a node fails, which ends the run; StalledError when no packet came out at the
        step's timestamp, or more than one, which ends it, too.
        """
        self._start()
        self._raise_failure()
        if self._over:
            raise StalledError(f"{self._where} has ended: its nodes have closed")
        timestamp = self._next
        self._next += 1
        self._core.add(self._input, timestamp, value)
        self._pump()
        self._raise_failure()
        came = self._came[:]
        self._came.clear()
        if len(came) != 1 or came[0][0] != timestamp:
            self._fail_step(timestamp, [at for at, _ in came])
        return came[0][1]

    def close(self) -> None:
        """Closes the input and the nodes, unless they have closed. Raises RunError where one fails in it."""
        if self._over:
            return
        self._start()
        self._core.close_input(self._input)
        self._pump()
        self._raise_failure()

    def cancel(self) -> None:
        """Ends the run now: queued packets are dropped, the nodes closed."""
        self._start()
        self._core.cancel()
        self._pump()

    # --- the time in nodes

    def time_nodes(self) -> None:
        """Adds up the time in each node from now on, for the price of two looks at the clock a call.

        Raises RuntimeError where listeners are attached already: taking them off would take this off, too.
        """
        if self._watch is not None:
            raise RuntimeError(f"{self._where}: nodes are timed before listeners are attached")
        for node in self._core.nodes:
            if isinstance(node, Node) and node.name not in self._timers:
                self._timers[node.name] = NodeTimer(node)

    def node_seconds(self) -> dict[str, float]:
        """The time in each node's `process` since `time_nodes`, in the order of the graph."""
        return {name: timer.spent / 1e9 for name, timer in self._timers.items()}

    # --- inside

    @property
    def _where(self) -> str:
        return f"graph {self.graph!r}, run {self.id}"

    def _start(self) -> None:
        if self._started is None:
            self._started = time.perf_counter()
            self._core.open()
            self._pump()

    def _pump(self) -> None:
        """Until nothing is left to do: a run without an event loop has nobody to give way to."""
        was_over = self._over
        while self._core.pump():
            pass
        if self._over and not was_over:
            self._release()

    def _raise_failure(self) -> None:
        failure = self._core.failure()
        if failure is not None:
            cause = failure.__cause__
            if cause is not None and is_interrupt(cause):
                raise cause
            raise failure
        if self._core.cancelled:
            raise RunCancelled("the run was cancelled")

    def _fail_step(self, timestamp: int, came: list[int]) -> NoReturn:
        if not came:
            fact = f"no packet on {self._output!r} at timestamp {timestamp}: {self.explain_stall()}"
        else:
            at = ", ".join(map(str, came))
            fact = f"a step gives one packet on {self._output!r}, at timestamp {timestamp}; they came at {at}"
        self._core.cancel()
        self._pump()
        raise StalledError(f"{self._blueprint.file}: {fact}")

    @property
    def _is_over(self) -> bool:
        return self._over

    def _end(self) -> None:
        self._over = True


def check_steppable(blueprint: Blueprint) -> None:
    """Raises GraphError with everything in a graph for which a run would need an event loop."""
    findings = []
    if len(blueprint.inputs) != 1:
        names = ", ".join(blueprint.inputs) or "none"
        fact = f"a graph that is stepped has one input; this one has: {names}"
        findings.append(Finding(blueprint.file, 1, fact))
    for node in blueprint.nodes:
        obstacle = _obstacle(node)
        if obstacle is not None:
            file, _, line = node.place.rpartition(":")
            fact = f"node {node.name!r} ({node.calculator.__name__}) {obstacle}"
            findings.append(Finding(file, int(line), fact))
    if findings:
        raise GraphError(findings)


def _obstacle(node: NodeBlueprint) -> str | None:
    """Why a node cannot be stepped, and what its author can do."""
    if not node.inputs:
        return "is a source, and a graph that is stepped has none: whoever steps it sends its packets"
    if node.executor != INLINE:
        return (
            f"is on executor {node.executor!r}, and a step waits for no thread: take `executor` out, and let "
            "slow work run in a side packet's pool while the request waits"
        )
    if node.kind not in PLAIN_NODES:
        return "awaits, and a graph that is stepped has no event loop: make open, process and close plain"
    return None


def _refuse_to_spawn(coroutine: Coroutine[Any, Any, None]) -> NoReturn:
    coroutine.close()
    raise AssertionError("a node that awaits is in a graph that is stepped")


def _pump_comes_anyway() -> None:
    """Every call of a stepper ends with a pump, so that nothing is left for later."""
