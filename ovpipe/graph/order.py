"""Order: producers before consumers, and the cycles that prevent it unless back edges cut them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

import networkx as nx

from ovpipe.graph.config import BackEdge
from ovpipe.graph.nodes import ResolvedNode
from ovpipe.graph.place import Findings
from ovpipe.graph.wiring import STREAMS, WireEnd, Wiring


class Order:
    """The nodes of a graph and their order by one sort of wires. Back edges do not count."""

    def __init__(self, nodes: Sequence[ResolvedNode], wiring: Wiring) -> None:
        self._nodes = {node.name: node for node in nodes}
        self._rank = {name: rank for rank, name in enumerate(self._nodes)}
        self._wiring = wiring
        self._graph: nx.DiGraph[str] = nx.DiGraph()
        self._graph.add_nodes_from(self._nodes)
        self.back_edges = frozenset(_closing(self._nodes, wiring))
        """The inputs, by node and port, that are marked and close a cycle."""
        for producer, consumer in wiring.edges():
            made, taken = producer.node.name, consumer.node.name
            if (taken, consumer.port) not in self.back_edges and not self._graph.has_edge(made, taken):
                self._graph.add_edge(made, taken, wire=consumer)

    def check(self, findings: Findings) -> None:
        """Notes a shortest cycle for each group of nodes that wait for one another."""
        for knot in nx.strongly_connected_components(self._graph):
            first = min(knot, key=self._rank.__getitem__)
            if len(knot) > 1 or self._graph.has_edge(first, first):
                findings.add(self._nodes[first].config.place, self._said(self._around(first, knot)))

    def check_back_edges(self, findings: Findings) -> None:
        """Notes marks that close no cycle. A mark at a subgraph must close one for one of its nodes."""
        closing: dict[BackEdge, list[bool]] = {}
        for consumer in self._wiring.consumers:
            mark, name = consumer.mention.back_edge, consumer.mention.name
            if mark is not None and (name in self._wiring.produced or name in self._wiring.given):
                closes = (consumer.node.name, consumer.port) in self.back_edges
                closing.setdefault(mark, []).append(closes)
        for mark, closes_any in closing.items():
            if not any(closes_any):
                message = (
                    f"input {mark.port!r} of node {mark.node!r} is marked as a back edge, "
                    "but it closes no cycle; remove the mark"
                )
                findings.add(mark.place, message)

    def sorted(self) -> list[ResolvedNode]:
        """The nodes, each after those that it needs, else in the file's order. There must be no cycle."""
        names = nx.lexicographical_topological_sort(self._graph, key=self._rank.__getitem__)
        return [self._nodes[name] for name in names]

    def _around(self, first: str, knot: set[str]) -> list[str]:
        """The shortest way from a node of a cycle back to it."""
        within = self._graph.subgraph(knot)
        ways = [nx.shortest_path(within, after, first) for after in within.successors(first)]
        return [first, *min(ways, key=len)]

    def _said(self, around: Sequence[str]) -> str:
        ends: list[WireEnd] = [self._graph.edges[made, taken]["wire"] for made, taken in pairwise(around)]
        thing = self._wiring.words.thing
        if len(ends) == 1:
            said = f"node {around[0]!r} reads its own {thing} {ends[0].mention.name!r}"
        else:
            wires = ", ".join(repr(end.mention.name) for end in ends)
            said = f"the nodes {' -> '.join(around)} wait for one another in a cycle, by the {thing}s {wires}"
        return f"{said}; {self._remedy(ends[-1])}"

    def _remedy(self, last: WireEnd) -> str:
        if self._wiring.words is not STREAMS:
            return f"let one of them read another {self._wiring.words.thing}"
        wire = f"{{stream: {last.mention.name}, back_edge: true}}"
        return f"mark the input that closes the cycle, as in `{last.port}: {wire}` of node {last.node.name!r}"


def _closing(nodes: Iterable[str], wiring: Wiring) -> Iterator[tuple[str, str]]:
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(nodes)
    graph.add_edges_from((made.node.name, taken.node.name) for made, taken in wiring.edges())
    knots = {name: rank for rank, knot in enumerate(nx.strongly_connected_components(graph)) for name in knot}
    for producer, consumer in wiring.edges():
        if consumer.mention.back_edge and knots[producer.node.name] == knots[consumer.node.name]:
            yield consumer.node.name, consumer.port
