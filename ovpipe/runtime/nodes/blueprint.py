"""Blueprint: a plan made ready to start runs from, so that a run's start costs microseconds."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from inspect import isasyncgenfunction, iscoroutinefunction
from typing import Any

from ovpipe.calculator import Calculator
from ovpipe.errors import DeclarationError, NotFoundError, did_you_mean, is_interrupt
from ovpipe.graph.plan import INLINE, NodePlan, Plan
from ovpipe.runtime.core.core import Core
from ovpipe.runtime.core.core_node import CoreNode
from ovpipe.runtime.core.failure import run_error
from ovpipe.runtime.core.sources import Source, Sources
from ovpipe.runtime.core.stream import Stream
from ovpipe.runtime.nodes.async_node import AsyncNode
from ovpipe.runtime.nodes.drop_on_error import DropOnErrorNode
from ovpipe.runtime.nodes.join_node import JoinNode
from ovpipe.runtime.nodes.node import SingleInputNode
from ovpipe.runtime.nodes.node_blueprint import NodeBlueprint, NodeClass
from ovpipe.runtime.nodes.overlapping import OverlappingNode
from ovpipe.runtime.nodes.source import AsyncSourceNode, SourceNode
from ovpipe.runtime.policies import passes_single_input, policy_builder
from ovpipe.timestamp import UNSTARTED


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
    has_loops: bool
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
            has_loops=any(node.back_edges for node in plan.nodes),
            report_deadlock=plan.report_deadlock,
        )

    def stream_index(self, name: str) -> int:
        """The place of a stream. Raises NotFoundError for a name that none has."""
        try:
            return self.streams.index(name)
        except ValueError:
            raise NotFoundError(
                f"there is no stream {name!r} in {self.file}: {did_you_mean(name, self.streams)}"
            ) from None

    def input_index(self, name: str) -> int:
        """The place of an input of the graph. Raises NotFoundError for a name that none has."""
        index = self.inputs.get(name)
        if index is None:
            raise NotFoundError(f"{name!r} is no input of {self.file}: {did_you_mean(name, self.inputs)}")
        return index

    def new_streams(self) -> list[Stream]:
        """The streams of a new run."""
        return [
            Stream(name, limit, overflow)
            for name, (limit, overflow) in zip(self.streams, self.queues, strict=True)
        ]

    def build_nodes(self, core: Core, side_packets: Mapping[str, Any]) -> None:
        """Builds the nodes of a new run around its core. Raises RunError when a constructor does."""
        nodes: list[CoreNode] = []
        for plan in self.nodes:
            try:
                nodes.append(plan.kind(core, plan, plan.build(), core.streams, side_packets))
            except BaseException as error:  # a calculator's constructor may raise anything
                if is_interrupt(error):
                    raise
                what = f"node {plan.name!r} ({plan.calculator.__name__}) failed in its constructor"
                message = f"{plan.place}: {what}: {type(error).__name__}: {error}"
                raise run_error(message, plan.name, "constructor", UNSTARTED, plan.place, error) from error
        core.settle_nodes(
            nodes, self.sources_of(nodes) if self.has_sources else None, has_loops=self.has_loops
        )

    def sources_of(self, nodes: list[CoreNode]) -> Sources:
        """The sources among a run's nodes."""
        layers: dict[int, deque[Source]] = {}
        for plan, node in zip(self.nodes, nodes, strict=True):
            if isinstance(node, SourceNode | AsyncSourceNode):
                layers.setdefault(plan.source_layer, deque()).append(node)
        return Sources(layers[layer] for layer in sorted(layers))


def node_blueprint(plan: NodePlan, build: Callable[[], Calculator]) -> NodeBlueprint:
    """Chooses the node class and resolves what does not change from run to run."""
    cls = plan.calculator
    kind: NodeClass
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
        kind = DropOnErrorNode
    elif len(plan.inputs) == 1 and passes_single_input(plan.policy, process_timestamp_bounds=sees_bounds):
        kind = SingleInputNode
    else:
        kind = JoinNode
    wired = {port for port, _ in plan.outputs}
    return NodeBlueprint(
        kind=kind,
        name=plan.name,
        calculator=cls,
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
