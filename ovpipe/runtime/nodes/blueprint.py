"""Blueprint: a plan made ready to start runs from, so that a run's start costs microseconds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from inspect import isasyncgenfunction, iscoroutinefunction
from typing import TYPE_CHECKING, Any

from ovpipe.calculator import Calculator
from ovpipe.errors import DeclarationError
from ovpipe.graph.plan import INLINE, NodePlan, Plan
from ovpipe.ports import Input, Output, SideInput
from ovpipe.runtime.core.stream import Stream
from ovpipe.runtime.nodes.async_node import AsyncNode
from ovpipe.runtime.nodes.drop_on_error import ForgivingNode
from ovpipe.runtime.nodes.node import JoinNode, Node, SingleInputNode
from ovpipe.runtime.nodes.overlapping import OverlappingNode
from ovpipe.runtime.nodes.source import AsyncSourceNode, SourceNode
from ovpipe.runtime.policies import BuildPolicy, passes_single_input, policy_builder

if TYPE_CHECKING:
    from ovpipe.runtime.core.core import Core


@dataclass(frozen=True, slots=True)
class NodeBlueprint:
    """How one node of a run is built: its class is chosen here, once, by what its calculator is like."""

    kind: type[Node]
    name: str
    place: str
    build: Callable[[], Calculator]
    inputs: tuple[tuple[Input[Any], int], ...]
    outputs: tuple[tuple[Output[Any], int], ...]
    side_inputs: tuple[tuple[SideInput[Any], str], ...]
    unwired: tuple[Output[Any], ...]
    offset: int | None
    back_edges: frozenset[int]
    source_layer: int
    executor: str
    max_in_flight: int
    on_error: str
    policy: BuildPolicy
    elements: Mapping[Any, tuple[Any, ...]]
    opens_async: bool
    closes_async: bool
    closes: bool
    """Whether the calculator has anything to do at the end; most have not."""

    def start(self, core: Core, streams: list[Stream], side_packets: Mapping[str, Any]) -> Node:
        """The node of a new run."""
        calculator = self.build()
        if core.probe is not None:
            core.probe.watch(self, calculator)
        return self.kind(core, self, calculator, streams, side_packets)


@dataclass(frozen=True, slots=True)
class Blueprint:
    """What a run is started from."""

    file: str
    streams: tuple[str, ...]
    inputs: Mapping[str, int]
    nodes: tuple[NodeBlueprint, ...]
    queues: tuple[tuple[int, str], ...]
    """For each stream how many packets a queue of it holds, and what becomes of one more."""
    has_sources: bool
    report_deadlock: bool
    """Whether a full queue fails the run when nothing else can move, and does not grow."""

    @classmethod
    def of(cls, plan: Plan, build: Mapping[str, Callable[[], Calculator]]) -> Blueprint:
        """The blueprint of a plan; `build` replaces how some nodes' calculators are made, by node name."""
        names = tuple(stream.name for stream in plan.streams)
        return cls(
            file=plan.file,
            streams=names,
            inputs={name: names.index(name) for name in plan.inputs},
            nodes=tuple(node_blueprint(node, build.get(node.name, node.build)) for node in plan.nodes),
            queues=tuple(
                (stream.max_queue_size or plan.max_queue_size, stream.overflow) for stream in plan.streams
            ),
            has_sources=any(not node.inputs for node in plan.nodes),
            report_deadlock=plan.report_deadlock,
        )


def node_blueprint(plan: NodePlan, build: Callable[[], Calculator]) -> NodeBlueprint:
    """Chooses the node class and resolves what does not change from run to run."""
    cls = plan.calculator
    kind: type[Node]
    sees_bounds = cls.process_timestamp_bounds
    awaits = isasyncgenfunction(cls.process) or any(
        iscoroutinefunction(call) for call in (cls.open, cls.process, cls.close)
    )
    check_executor(plan)
    if not plan.inputs:
        kind = AsyncSourceNode if awaits else SourceNode
    elif plan.executor != INLINE or (plan.max_in_flight > 1 and iscoroutinefunction(cls.process)):
        kind = OverlappingNode
    elif awaits:
        kind = AsyncNode
    elif plan.on_error == "drop":
        kind = ForgivingNode
    elif len(plan.inputs) == 1 and passes_single_input(plan.policy, process_timestamp_bounds=sees_bounds):
        kind = SingleInputNode
    else:
        kind = JoinNode
    wired = {port for port, _ in plan.outputs}
    return NodeBlueprint(
        kind=kind,
        name=plan.name,
        place=plan.place,
        build=build,
        inputs=plan.inputs,
        outputs=plan.outputs,
        side_inputs=plan.side_inputs,
        offset=cls.timestamp_offset,
        back_edges=plan.back_edges,
        source_layer=plan.source_layer,
        executor=plan.executor,
        max_in_flight=plan.max_in_flight,
        on_error=plan.on_error,
        policy=policy_builder(plan.policy, process_timestamp_bounds=sees_bounds),
        elements=dict(plan.elements),
        opens_async=iscoroutinefunction(cls.open),
        closes_async=iscoroutinefunction(cls.close),
        closes=cls.close is not Calculator.close or build != plan.build,
        unwired=tuple(port for port in cls.ports.outputs.values() if port not in wired),
    )


def check_executor(plan: NodePlan) -> None:
    """Raises DeclarationError where a node's executor cannot run its calculator."""
    cls = plan.calculator
    if plan.executor == INLINE:
        return
    if iscoroutinefunction(cls.process) or isasyncgenfunction(cls.process):
        raise DeclarationError(
            f"{plan.place}: {cls.__name__}.process is async and runs on the event loop; node {plan.name!r} "
            f"cannot be put on executor {plan.executor!r}: take `executor` out, or make process plain"
        )
    if not plan.inputs:
        raise DeclarationError(
            f"{plan.place}: node {plan.name!r} is a source, and sources run on the event loop; "
            f"take `executor` out, and let an async process await its slow work"
        )
