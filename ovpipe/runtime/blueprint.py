"""Blueprint: a plan made ready to start runs from, so that a run's start costs microseconds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any

from ovpipe.calculator import Calculator
from ovpipe.graph.plan import NodePlan, Plan
from ovpipe.ports import Input, Output, SideInput
from ovpipe.runtime.async_node import AsyncNode
from ovpipe.runtime.node import DRAIN_LIMIT, JoinNode, Node, SingleInputNode
from ovpipe.runtime.stream import Stream

if TYPE_CHECKING:
    from ovpipe.runtime.core import Core


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
    offset: int
    elements: Mapping[Any, tuple[Any, ...]]

    def start(self, core: Core, streams: list[Stream], side_packets: Mapping[str, Any]) -> Node:
        """The node of a new run."""
        outputs = [(port, streams[index]) for port, index in self.outputs]
        outputs += [(port, Stream(port.name, DRAIN_LIMIT)) for port in self.unwired]
        return self.kind(
            core,
            self,
            self.build(),
            [(port, streams[index]) for port, index in self.inputs],
            outputs,
            {port: side_packets[name] for port, name in self.side_inputs},
        )


@dataclass(frozen=True, slots=True)
class Blueprint:
    """What a run is started from."""

    file: str
    streams: tuple[str, ...]
    inputs: Mapping[str, int]
    nodes: tuple[NodeBlueprint, ...]
    max_queue_size: int

    @classmethod
    def of(cls, plan: Plan, build: Mapping[str, Callable[[], Calculator]]) -> Blueprint:
        """The blueprint of a plan; `build` replaces how some nodes' calculators are made, by node name."""
        names = tuple(stream.name for stream in plan.streams)
        return cls(
            file=plan.file,
            streams=names,
            inputs={name: names.index(name) for name in plan.inputs},
            nodes=tuple(node_blueprint(node, build.get(node.name, node.build)) for node in plan.nodes),
            max_queue_size=plan.max_queue_size,
        )


def node_blueprint(plan: NodePlan, build: Callable[[], Calculator]) -> NodeBlueprint:
    """Chooses the node class and resolves what does not change from run to run."""
    cls = plan.calculator
    kind: type[Node]
    if any(iscoroutinefunction(call) for call in (cls.open, cls.process, cls.close)):
        kind = AsyncNode
    elif len(plan.inputs) == 1:
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
        offset=cls.timestamp_offset or 0,
        elements=dict(plan.elements),
        unwired=tuple(port for port in cls.ports.outputs.values() if port not in wired),
    )
