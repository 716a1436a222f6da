"""Picture: the boxes and arrows of a plan, without places."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from ovpipe.graph.config import SEPARATOR
from ovpipe.graph.plan import NodePlan, Plan
from ovpipe.options import describe
from ovpipe.registry import MARK


class BoxKind(enum.Enum):
    """What a box stands for."""

    NODE = "node"
    RESOURCE = "resource"
    """A node without streams."""
    INPUT = "input"
    OUTPUT = "output"
    SIDE_INPUT = "side input"
    SIDE_OUTPUT = "side output"

    @property
    def is_end(self) -> bool:
        """Whether it is an end of the graph, and no node."""
        return self not in (BoxKind.NODE, BoxKind.RESOURCE)

    @property
    def is_apart(self) -> bool:
        """Whether it has side packets only."""
        return self in (BoxKind.RESOURCE, BoxKind.SIDE_INPUT, BoxKind.SIDE_OUTPUT)


class ArrowKind(enum.Enum):
    """What an arrow stands for."""

    STREAM = "stream"
    BACK_EDGE = "back edge"
    SIDE_PACKET = "side packet"


@dataclass(frozen=True, slots=True)
class Box:
    """A node or an end of the graph; `group` are the subgraphs that it is in, the outer ones first."""

    name: str
    kind: BoxKind
    calculator: str = ""
    group: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """Its name in its own graph; that of an end of the graph is the stream's or the side packet's."""
        return self.name.rpartition(SEPARATOR)[2]


@dataclass(frozen=True, slots=True)
class Arrow:
    """A stream or a side packet from one box to another, by their indices."""

    source: int
    target: int
    name: str
    type: str
    kind: ArrowKind

    @property
    def label(self) -> str:
        """Its name and type; a name inside a subgraph without the subgraph's."""
        return f"{self.name.rpartition(SEPARATOR)[2]}: {self.type}"


@dataclass(slots=True)
class Picture:
    """All boxes of a graph, in the order of the plan, and all arrows."""

    name: str
    boxes: list[Box] = field(default_factory=list)
    arrows: list[Arrow] = field(default_factory=list)

    def of_kind(self, *kinds: BoxKind) -> Iterator[int]:
        """The indices of the boxes of some kinds."""
        return (index for index, box in enumerate(self.boxes) if box.kind in kinds)

    def add(self, box: Box) -> int:
        """Adds a box, and returns its index."""
        self.boxes.append(box)
        return len(self.boxes) - 1


def picture_of(plan: Plan) -> Picture:
    """The picture of a plan. A side packet that nobody makes comes from outside the graph."""
    picture = Picture(plan.name)
    makers = _makers_of_side_packets(plan, picture)
    resources = {node.name: picture.add(_node(node, BoxKind.RESOURCE)) for node in plan.resources}
    for node in plan.resources:
        makers |= {name: (resources[node.name], describe(port.type)) for port, name in node.side_outputs}
    writers = {name: (picture.add(Box(name, BoxKind.INPUT)), "") for name in plan.inputs}
    nodes = {node.name: picture.add(_node(node, BoxKind.NODE)) for node in plan.nodes}
    for node in plan.nodes:
        writers |= {
            plan.streams[at].name: (nodes[node.name], describe(port.type)) for port, at in node.outputs
        }
    for node in (*plan.resources, *plan.nodes):
        target = resources[node.name] if node.name in resources else nodes[node.name]
        picture.arrows += _side_packets(node, target, makers)
    for node in plan.nodes:
        picture.arrows += _streams(plan, node, nodes[node.name], writers)
    for name in plan.outputs:
        source, known = writers[name]
        end = picture.add(Box(name, BoxKind.OUTPUT))
        picture.arrows.append(Arrow(source, end, name, known or "Any", ArrowKind.STREAM))
    for one in plan.side_outputs:
        end = picture.add(Box(one.name, BoxKind.SIDE_OUTPUT))
        made = makers[one.name][0]
        picture.arrows.append(Arrow(made, end, one.name, describe(one.type), ArrowKind.SIDE_PACKET))
    return picture


def _makers_of_side_packets(plan: Plan, picture: Picture) -> dict[str, tuple[int, str]]:
    given: Sequence[str] = (*plan.side_inputs, *plan.optional_side_inputs)
    return {name: (picture.add(Box(name, BoxKind.SIDE_INPUT)), "") for name in given}


def _node(node: NodePlan, kind: BoxKind) -> Box:
    calculator = vars(node.calculator).get(MARK) or node.calculator.__name__
    return Box(node.name, kind, str(calculator), tuple(node.name.split(SEPARATOR)[:-1]))


def _side_packets(node: NodePlan, target: int, makers: dict[str, tuple[int, str]]) -> Iterator[Arrow]:
    for port, name in node.side_inputs:
        source, known = makers[name]
        yield Arrow(source, target, name, _known(known, port.type), ArrowKind.SIDE_PACKET)


def _streams(plan: Plan, node: NodePlan, target: int, writers: dict[str, tuple[int, str]]) -> Iterator[Arrow]:
    for position, (port, at) in enumerate(node.inputs):
        name = plan.streams[at].name
        source, known = writers[name]
        kind = ArrowKind.BACK_EDGE if position in node.back_edges else ArrowKind.STREAM
        yield Arrow(source, target, name, _known(known, port.type), kind)


def _known(written: str, read: Any) -> str:
    """The type that the writer states, or else the reader."""
    return written if written not in ("", "Any") else describe(read)
