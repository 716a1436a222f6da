"""Order: producers before consumers, and the cycles that forbid it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import networkx as nx

from ovpipe.graph.nodes import Node
from ovpipe.graph.place import Findings
from ovpipe.graph.wiring import Wiring


class Order:
    """The nodes of a graph and who comes before whom, by one sort of wires."""

    def __init__(self, nodes: Sequence[Node], wiring: Wiring) -> None:
        self._nodes = {node.name: node for node in nodes}
        self._rank = {name: rank for rank, name in enumerate(self._nodes)}
        self._thing = wiring.words.thing
        self._graph: nx.DiGraph[str] = nx.DiGraph()
        self._graph.add_nodes_from(self._nodes)
        for producer, consumer in wiring.edges():
            made, taken = producer.node.name, consumer.node.name
            if not self._graph.has_edge(made, taken):
                self._graph.add_edge(made, taken, wire=consumer.mention.name)

    def check(self, findings: Findings) -> None:
        """Notes a shortest cycle of each knot of nodes that wait for one another."""
        for knot in nx.strongly_connected_components(self._graph):
            first = min(knot, key=self._rank.__getitem__)
            if len(knot) > 1 or self._graph.has_edge(first, first):
                findings.add(self._nodes[first].config.place, self._said(self._around(first, knot)))

    def sorted(self) -> list[Node]:
        """The nodes, each after those it depends on, else as in the file. There must be no cycle."""
        names = nx.lexicographical_topological_sort(self._graph, key=self._rank.__getitem__)
        return [self._nodes[name] for name in names]

    def _around(self, first: str, knot: set[str]) -> list[str]:
        """The way from a node of a knot back to it, over as few nodes as there are."""
        within = self._graph.subgraph(knot)
        ways = [nx.shortest_path(within, after, first) for after in within.successors(first)]
        return [first, *min(ways, key=len)]

    def _said(self, around: Sequence[str]) -> str:
        wires = [str(self._graph.edges[made, taken]["wire"]) for made, taken in pairwise(around)]
        if len(wires) == 1:
            return f"node {around[0]!r} reads its own {self._thing} {wires[0]!r}; let it read another"
        return (
            f"the nodes {' -> '.join(around)} wait for one another in a cycle, "
            f"by the {self._thing}s {', '.join(map(repr, wires))}; let one of them read another {self._thing}"
        )
