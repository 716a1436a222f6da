"""Layers: places for items of any size, from top to bottom, and the ways of the edges between them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import networkx as nx
from fast_sugiyama import from_edges

GAP = 36
"""Between two items beside one another."""
LAYER_GAP = 44
WAY = 12
"""The width of an edge that passes a layer."""

Point = tuple[float, float]
Edge = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Layered:
    """Items by their upper left corners; edges by the points between their ends."""

    corners: Mapping[int, Point]
    ways: Mapping[Edge, Sequence[Point]]
    """Edges that lead downwards. Others close a cycle, and have no way here."""
    width: float
    height: float


def layered(sizes: Sequence[Point], edges: Iterable[Edge]) -> Layered:
    """Places for items of these sizes, no two of which overlap. The layout is that of the library.

    It takes all items for equally wide. Where some are wider, their neighbours move aside.
    """
    if not sizes:
        return Layered({}, {}, 0, 0)
    down = _acyclic(len(sizes), edges)
    root = len(sizes)  # one item above all makes the layout one, whatever is connected to what
    above = [(root, item) for item in range(root) if not down.in_degree(item)]
    spacing = max(width for width, _ in sizes) + GAP
    layouts = from_edges(
        [*above, *sorted(down.edges)], vertex_spacing=spacing, dummy_vertices=True, dummy_size=WAY + GAP,
        ranking_type="original", check_layout=False,
    )  # fmt: skip
    positions, _, _, pieces = layouts[0]
    found = {int(item): (float(x), float(y)) for item, (x, y) in positions}
    rows: dict[float, list[int]] = defaultdict(list)
    top = found.pop(root)[1]
    for item, (_, y) in found.items():
        rows[round(abs(top - y))].append(item)
    wide = {item: sizes[item][0] if item < root else WAY for item in found}
    lefts = {item: left for row in rows.values() for item, left in _spread(row, wide, found).items()}
    left = min(lefts.values())
    corners: dict[int, Point] = {}
    y = 0.0
    for _, row in sorted(rows.items()):
        tallest = max((sizes[item][1] for item in row if item < root), default=0)
        for item in row:
            height = sizes[item][1] if item < root else 0
            corners[item] = (lefts[item] - left, y + (tallest - height) / 2)
        y += tallest + LAYER_GAP
    ways = _ways([(int(a), int(b)) for a, b in pieces or ()], root, down.edges, corners)
    width = max(corners[item][0] + wide[item] for item in corners)
    return Layered({item: corners[item] for item in range(root)}, ways, width, y - LAYER_GAP)


def _acyclic(count: int, edges: Iterable[Edge]) -> nx.DiGraph[int]:
    """A graph of the edges, without those that would close a cycle."""
    graph: nx.DiGraph[int] = nx.DiGraph()
    graph.add_nodes_from(range(count))
    for source, target in edges:
        if source != target and not nx.has_path(graph, target, source):
            graph.add_edge(source, target)
    return graph


def _spread(row: Iterable[int], wide: Mapping[int, float], found: Mapping[int, Point]) -> dict[int, float]:
    """The left sides of a layer's items, as near to where the library has them as their widths allow."""
    ordered = sorted(row, key=lambda item: (found[item][0], item))
    lefts: dict[int, float] = {}
    free = float("-inf")
    for item in ordered:
        lefts[item] = max(free, found[item][0] - wide[item] / 2)
        free = lefts[item] + wide[item] + GAP
    moved = sum(lefts[item] + wide[item] / 2 - found[item][0] for item in ordered) / len(ordered)
    return {item: left - moved for item, left in lefts.items()}


def _ways(
    pieces: Sequence[Edge], root: int, edges: Collection[Edge], corners: Mapping[int, Point]
) -> dict[Edge, list[Point]]:
    """The points of each edge, from its pieces between items and the library's dummies (above `root`)."""
    after = {source: target for source, target in pieces if source > root}
    ways: dict[Edge, list[Point]] = {edge: [] for edge in edges}
    for source, target in pieces:
        points: list[Point] = []
        at = target
        while at > root:
            points.append((corners[at][0] + WAY / 2, corners[at][1]))
            at = after[at]
        if (source, at) in ways:
            ways[source, at] = points
    return ways
