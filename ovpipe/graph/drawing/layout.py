"""Layout: the boxes, frames and arrows of a picture with their places, in pixels."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ovpipe.graph.drawing.groups import Group, group_of
from ovpipe.graph.drawing.layers import Edge, Layered, Point, layered
from ovpipe.graph.drawing.picture import ArrowKind, Picture

CHARACTER = 7.3
"""The width of a character of the boxes, in a monospaced font of 12 pixels."""
LABEL_CHARACTER = 6.1
LABEL = 13
"""The height of a line of labels."""
PADDING = 14
FRAME_TITLE = 16
APART_GAP = 110
"""Between the boxes that have side packets only and the others."""


@dataclass(frozen=True, slots=True)
class Rectangle:
    """A place: the upper left corner and the size."""

    x: float
    y: float
    width: float
    height: float

    def moved(self, x: float, y: float) -> Rectangle:
        """The same, elsewhere."""
        return Rectangle(self.x + x, self.y + y, self.width, self.height)


@dataclass(frozen=True, slots=True)
class Frame:
    """A subgraph's frame."""

    name: str
    place: Rectangle


@dataclass(slots=True)
class Layout:
    """Where everything of a picture is."""

    boxes: dict[int, Rectangle] = field(default_factory=dict)
    frames: list[Frame] = field(default_factory=list)
    ways: dict[Edge, Sequence[Point]] = field(default_factory=dict)
    """By two boxes, the points that an arrow between them passes."""
    width: float = 0
    height: float = 0

    def take(self, other: Layout, x: float, y: float) -> None:
        """Adds all of another layout, moved."""
        self.boxes |= {index: place.moved(x, y) for index, place in other.boxes.items()}
        self.frames += [Frame(frame.name, frame.place.moved(x, y)) for frame in other.frames]
        self.ways |= {edge: [(a + x, b + y) for a, b in way] for edge, way in other.ways.items()}
        self.width = max(self.width, x + other.width)
        self.height = max(self.height, y + other.height)


def laid_out(picture: Picture) -> Layout:
    """The layout of a picture: what has side packets only in a column at the left, the rest in layers."""
    boxes = range(len(picture.boxes))
    apart = _column(picture, group_of(picture, (at for at in boxes if picture.boxes[at].kind.is_apart)))
    flow = _layers(picture, group_of(picture, (at for at in boxes if not picture.boxes[at].kind.is_apart)))
    whole = Layout()
    whole.take(apart, 0, 0)
    whole.take(flow, apart.width + APART_GAP if apart.boxes else 0, 0)
    return whole


def labels_of(picture: Picture, index: int) -> list[str]:
    """The labels above a box: the streams that it reads, or the packets that a box of side packets makes."""
    arrows = picture.arrows
    if picture.boxes[index].kind.is_apart:
        return list(dict.fromkeys(arrow.label for arrow in arrows if arrow.source == index))
    read = [arrow for arrow in arrows if arrow.target == index and arrow.kind is not ArrowKind.SIDE_PACKET]
    marks = ("↺ " if arrow.kind is ArrowKind.BACK_EDGE else "" for arrow in read)
    return list(dict.fromkeys(mark + arrow.label for mark, arrow in zip(marks, read, strict=True)))


def _column(picture: Picture, group: Group) -> Layout:
    column = Layout()
    for _, inner in _members(picture, group, _column):
        column.take(inner, 0, column.height + PADDING if column.height else 0)
    return column


def _layers(picture: Picture, group: Group) -> Layout:
    members = list(_members(picture, group, _layers))
    owner = {box: number for number, (boxes, _) in enumerate(members) for box in boxes}
    ends = {
        (arrow.source, arrow.target): (owner[arrow.source], owner[arrow.target])
        for arrow in picture.arrows
        if arrow.kind is ArrowKind.STREAM and arrow.source in owner and arrow.target in owner
    }
    placed = layered([(inner.width, inner.height) for _, inner in members], ends.values())
    return _joined([inner for _, inner in members], placed, ends)


def _joined(members: Sequence[Layout], placed: Layered, ends: Mapping[Edge, Edge]) -> Layout:
    whole = Layout(width=placed.width, height=placed.height)
    for number, inner in enumerate(members):
        whole.take(inner, *placed.corners[number])
    whole.ways |= {edge: placed.ways[between] for edge, between in ends.items() if between in placed.ways}
    return whole


def _members(
    picture: Picture, group: Group, inside: Callable[[Picture, Group], Layout]
) -> Iterator[tuple[list[int], Layout]]:
    for member in group.members:
        if isinstance(member, Group):
            yield list(member.boxes()), _framed(member.name, inside(picture, member))
        else:
            yield [member], _single(picture, member)


def _framed(name: str, inner: Layout) -> Layout:
    framed = Layout()
    width = max(inner.width, len(name) * CHARACTER) + 2 * PADDING
    height = inner.height + 2 * PADDING + FRAME_TITLE
    framed.frames.append(Frame(name, Rectangle(0, 0, width, height)))
    framed.take(inner, (width - inner.width) / 2, PADDING + FRAME_TITLE)
    framed.width, framed.height = width, height
    return framed


def _single(picture: Picture, index: int) -> Layout:
    """A box below its labels."""
    box, labels = picture.boxes[index], labels_of(picture, index)
    width = max(len(box.title), len(box.calculator)) * CHARACTER + 2 * PADDING
    height = 28 if box.kind.is_end else 44
    above = LABEL * len(labels) + 6 if labels else 0
    cell = max([width, *(len(label) * LABEL_CHARACTER + PADDING for label in labels)])
    return Layout(
        {index: Rectangle((cell - width) / 2, above, width, height)}, width=cell, height=above + height
    )
