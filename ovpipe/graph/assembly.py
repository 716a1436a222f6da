"""Assembly: what was checked becomes a plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import TypeVar

from ovpipe.graph.config import GraphConfig, Mention
from ovpipe.graph.nodes import Node
from ovpipe.graph.plan import NodePlan, Plan, StreamPlan
from ovpipe.graph.wiring import Wiring

P = TypeVar("P")


def assembled(config: GraphConfig, resources: Sequence[Node], nodes: Sequence[Node], streams: Wiring) -> Plan:
    """The plan of a graph without findings, whose nodes are already in order."""
    plans = [StreamPlan(name, None, str(given.place)) for name, given in streams.given.items()]
    for node in nodes:
        for wire in node.config.outputs.values():
            plans.append(StreamPlan(wire.name, node.name, str(wire.place)))
    indices = {plan.name: index for index, plan in enumerate(plans)}
    return Plan(
        name=config.name or PurePath(config.file).stem.strip("<>"),
        file=config.file,
        streams=tuple(plans),
        inputs=tuple(mention.name for mention in config.inputs),
        outputs=tuple(mention.name for mention in config.outputs),
        side_inputs=tuple(mention.name for mention in config.side_inputs),
        resources=tuple(_node(node, indices) for node in resources),
        nodes=tuple(_node(node, indices) for node in nodes),
        max_queue_size=config.max_queue_size,
    )


def _node(node: Node, indices: Mapping[str, int]) -> NodePlan:
    assert node.calculator is not None, "an unknown calculator is a finding"
    ports, config = node.calculator.ports, node.config
    return NodePlan(
        name=node.name,
        calculator=node.calculator,
        options=node.options,
        inputs=tuple((port, indices[name]) for port, name in _wired(ports.inputs, config.inputs)),
        outputs=tuple((port, indices[name]) for port, name in _wired(ports.outputs, config.outputs)),
        side_inputs=tuple(_wired(ports.side_inputs, config.side_inputs)),
        side_outputs=tuple(_wired(ports.side_outputs, config.side_outputs)),
        place=str(config.place),
    )


def _wired(ports: Mapping[str, P], wires: Mapping[str, Mention]) -> list[tuple[P, str]]:
    return [(port, wires[name].name) for name, port in ports.items() if name in wires]
