"""Part: one file's share of a graph: the graph itself, or a subgraph in the place of one of its nodes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from ovpipe.graph.config import GraphConfig, GraphInput, Mention, NodeConfig, local
from ovpipe.graph.nodes import ResolvedNode
from ovpipe.graph.place import Findings
from ovpipe.graph.ports import PortKind, check_optional, check_ports
from ovpipe.graph.settings import check_executors, check_run_keys, check_streams
from ovpipe.graph.substitution import Uses
from ovpipe.graph.wiring import (
    check_consumed,
    check_once,
    check_outputs,
    check_produced,
    check_producers,
    wire_side_packets,
    wire_streams,
)
from ovpipe.ports import Input, Output, Port, PortSet, SideInput, SideOutput

P = TypeVar("P", bound=Port[Any])


@dataclass(frozen=True, slots=True)
class Part:
    """A file's config and nodes, the parts of its subgraph nodes by name, and its uses of parameters."""

    config: GraphConfig
    nodes: tuple[ResolvedNode, ...]
    parts: Mapping[str, Part]
    uses: Uses

    def all(self) -> Iterator[Part]:
        """The part and all inside it, the outer ones first."""
        yield self
        for part in self.parts.values():
            yield from part.all()

    def has_all_parts(self) -> bool:
        """Whether every node has a calculator or a subgraph; the name of one may be a parameter's value."""
        return all(node.calculator is not None or node.name in self.parts for node in self.nodes)

    def users(self, parameter: str) -> Iterator[str | None]:
        """The nodes, inside subgraphs too, that a parameter is for; None stands for the graph itself."""
        for where, *way in self.uses.get(parameter, ()):
            if where != "nodes":
                yield None
                continue
            name, key, *inside = map(str, way)
            inner = self.parts.get(self.config.prefix + name)
            if inner is None:
                yield self.config.prefix + name
            elif key == "parameters" and inside:
                yield from inner.users(inside[0])
            else:
                yield None


def subgraph_node(config: NodeConfig, part: Part | None) -> ResolvedNode:
    """The node that a part stands for: its ports are the graph's inputs and outputs."""
    known = part is not None and part.config.whole
    return ResolvedNode(config, None, {}, _interface(part.config, config.name) if part and known else None)


def check_part(part: Part, findings: Findings) -> None:
    """Notes what is wrong with the wiring and the settings within one file."""
    config = part.config
    for node in part.nodes:
        check_ports(node, config.whole, findings)
        check_optional(node, _optional(config.inputs), PortKind.INPUTS, findings)
        check_optional(node, _optional(config.side_inputs), PortKind.SIDE_INPUTS, findings)
        if config.whole:
            check_run_keys(node, findings)
    streams = wire_streams(part.nodes, config.inputs)
    side_packets = wire_side_packets(part.nodes, config.side_inputs)
    for key in ("inputs", "outputs", "side_inputs", "side_outputs"):
        check_once(getattr(config, key), key, findings)
    for wiring, other, outputs in (
        (streams, side_packets, config.outputs),
        (side_packets, streams, config.side_outputs),
    ):
        check_producers(wiring, findings)
        if config.whole:
            check_consumed(wiring, check_produced(wiring, other, findings), findings)
        check_outputs(wiring, outputs, config.whole, findings)
    check_streams(config, streams, findings)
    check_executors(config, part.nodes, findings)


def _optional(inputs: Iterable[GraphInput]) -> frozenset[str]:
    return frozenset(one.name for one in inputs if one.optional)


def _interface(config: GraphConfig, node: str) -> PortSet:
    def named(port: P, mention: Mention) -> tuple[str, P]:
        port.name, port.owner = local(mention.name), node
        return port.name, port

    return PortSet(
        inputs=dict(named(Input[Any](optional=one.optional), one) for one in config.inputs),
        outputs=dict(named(Output[Any](), one) for one in config.outputs),
        side_inputs=dict(named(SideInput[Any](optional=one.optional), one) for one in config.side_inputs),
        side_outputs=dict(named(SideOutput[Any](), one) for one in config.side_outputs),
        repeated_inputs={},
        repeated_outputs={},
    )
