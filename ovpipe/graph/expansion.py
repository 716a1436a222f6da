"""Expansion: the nodes of subgraphs take the place of the nodes that use them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from ovpipe.graph.config import SEPARATOR, Mention, NodeConfig, StreamConfig, Wires, local
from ovpipe.graph.nodes import ResolvedNode
from ovpipe.graph.part import Part
from ovpipe.graph.place import Findings
from ovpipe.graph.ports import reads_streams


@dataclass(frozen=True, slots=True)
class Expanded:
    """All nodes of a graph that have calculators, wired to one another across its files."""

    nodes: tuple[ResolvedNode, ...]
    streams: Mapping[str, StreamConfig]
    """The files' settings of each stream, by its name in the plan; outer files override inner ones."""


def expanded(top: Part) -> Expanded:
    """The nodes of a graph and of all its subgraphs, in the order of the files.

    A stream that a subgraph takes or gives has the name that the outer graph gives it; so have side
    packets. A wire from an optional input that the outer graph leaves unwired is dropped.
    """
    streams = _Names(top, "inputs", "outputs")
    side_packets = _Names(top, "side_inputs", "side_outputs")

    def wired(node: ResolvedNode) -> ResolvedNode:
        config = node.config
        renamed = replace(
            config,
            inputs=config.inputs.renamed(streams.outer),
            outputs=config.outputs.renamed(streams.outer),
            side_inputs=config.side_inputs.renamed(side_packets.outer),
            side_outputs=config.side_outputs.renamed(side_packets.outer),
        )
        return replace(node, config=renamed)

    return Expanded(tuple(map(wired, _nodes(top))), _settings(top, streams))


def check_started(top: Part, graph: Expanded, findings: Findings) -> None:
    """Notes nodes whose only inputs are optional inputs of their file that are all unwired here."""
    alone = {node.name: node for node in _nodes(top)}
    optional = {one.name for part in top.all() for one in part.config.inputs if one.optional}
    for node in graph.nodes:
        read = [mention.name for _, mention in alone[node.name].config.inputs.items()]
        if read and optional.issuperset(read) and not reads_streams(node):
            names = ", ".join(map(local, read))
            findings.add(
                node.config.place,
                f"node {node.name!r} reads only optional inputs of its graph, and none of them is wired; "
                f"wire at least one of: {names}",
            )


def _nodes(part: Part) -> Iterator[ResolvedNode]:
    for node in part.nodes:
        if not node.config.is_subgraph:
            yield node
        elif node.name in part.parts:
            yield from _nodes(part.parts[node.name])


class _Names:
    """The outer names of the streams or the side packets of subgraphs."""

    def __init__(self, top: Part, inputs: str, outputs: str) -> None:
        self._outer: dict[str, Mention | None] = {}
        for part in top.all():
            for node in part.nodes:
                if node.name in part.parts:
                    self._cross(node.config, part.parts[node.name], inputs, outputs)

    def _cross(self, node: NodeConfig, part: Part, inputs: str, outputs: str) -> None:
        read: Wires = getattr(node, inputs)
        written: Wires = getattr(node, outputs)
        for mention in getattr(part.config, inputs):
            wire = read.single.get(local(mention.name))
            self._outer[mention.name] = wire if wire and _is_outside(wire, mention) else None
        for mention in getattr(part.config, outputs):
            wire = written.single.get(local(mention.name))
            if wire and _is_outside(wire, mention):
                self._outer.setdefault(mention.name, wire)

    def outer(self, mention: Mention) -> Mention | None:
        """A mention with its outermost name; None when it names an input that is not wired."""
        place = mention.place
        while mention.name in self._outer:
            wire = self._outer[mention.name]
            if wire is None:
                return None
            mention = Mention(wire.name, place, mention.back_edge or wire.back_edge)
        return mention


def _is_outside(wire: Mention, mention: Mention) -> bool:
    """Whether an outer graph has the name; only a wrong name, which has a finding already, does not."""
    return wire.name.count(SEPARATOR) < mention.name.count(SEPARATOR)


def _settings(top: Part, names: _Names) -> dict[str, StreamConfig]:
    """The settings of a stream that enters a subgraph are its outer graph's."""
    found: dict[str, StreamConfig] = {}
    for part in top.all():
        own = frozenset() if part is top else frozenset(mention.name for mention in part.config.inputs)
        for stated in part.config.streams:
            outer = names.outer(stated.mention)
            if stated.mention.name not in own and outer is not None:
                first = found.get(outer.name, stated)
                found[outer.name] = StreamConfig(
                    outer,
                    first.max_queue_size or stated.max_queue_size,
                    first.overflow or stated.overflow,
                )
    return found
