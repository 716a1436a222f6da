"""SVG: a picture as a file for browsers, laid out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from xml.sax.saxutils import escape

from ovpipe.graph.drawing.layers import Point
from ovpipe.graph.drawing.layout import LABEL, Frame, Layout, Rectangle, labels_of, laid_out
from ovpipe.graph.drawing.picture import Arrow, ArrowKind, Picture

MARGIN = 48
STYLE = """
text { font: 12px ui-monospace, Menlo, Consolas, monospace; fill: #1f2328; text-anchor: middle }
.calculator { fill: #59636e } .name { font-weight: bold }
.label { font-size: 10px; fill: #0550ae; paint-order: stroke; stroke: #fff; stroke-width: 3px }
.box { fill: #f6f8fa; stroke: #59636e } .end { fill: #ddf4ff; stroke: #0969da }
.resource { fill: #fff8e5; stroke: #9a6700 }
.frame { fill: none; stroke: #8c959f } .frame-name { text-anchor: start; fill: #59636e }
.arrow { fill: none; stroke: #0969da; stroke-width: 1.3 }
.back { stroke: #cf222e; stroke-dasharray: 6 4 } .side { stroke-dasharray: 4 4; stroke-width: 1 }
"""
HUES = ("#9a6700", "#1a7f37", "#8250df", "#bf3989", "#bc4c00", "#57606a")
"""Of the side packets: those of one box have one colour."""


def svg(picture: Picture) -> str:
    """The file's text."""
    return "\n".join(_lines(picture, laid_out(picture))) + "\n"


def _lines(picture: Picture, layout: Layout) -> Iterator[str]:
    width, height = layout.width + 3 * MARGIN, layout.height + 2 * MARGIN
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="{-MARGIN} {-MARGIN} {width:.0f} {height:.0f}" role="img">'
    )
    yield f"<title>{escape(picture.name)}</title>"
    yield f"<style>{STYLE}</style>"
    yield (
        '<defs><marker id="head" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" '
        'orient="auto"><path d="M0 0 8 4 0 8z" fill="context-stroke"/></marker></defs>'
    )
    yield f'<rect x="{-MARGIN}" y="{-MARGIN}" width="100%" height="100%" fill="#fff"/>'
    for frame in layout.frames:
        yield from _frame(frame)
    yield from _arrows(picture, layout)
    for index, place in sorted(layout.boxes.items()):
        yield from _box(picture, index, place)
    yield "</svg>"


def _frame(frame: Frame) -> Iterator[str]:
    yield _rectangle(frame.place, "frame", 8)
    yield _text(frame.name, "frame-name", frame.place.x + 10, frame.place.y + 17)


def _box(picture: Picture, index: int, place: Rectangle) -> Iterator[str]:
    box = picture.boxes[index]
    middle = place.x + place.width / 2
    kind = "box end" if box.kind.is_end else "box resource" if box.kind.is_apart else "box"
    yield f"<g><title>{escape(f'{box.kind.value} {box.name}')}</title>"
    yield _rectangle(place, kind, place.height / 2 if box.kind.is_end else 3)
    yield _text(box.title, "name", middle, place.y + 18)
    if box.calculator:
        yield _text(box.calculator, "calculator", middle, place.y + 35)
    labels = labels_of(picture, index)
    for number, label in enumerate(labels):
        y = place.y - 6 - LABEL * (len(labels) - 1 - number)
        yield _text(label, "label", middle, y)
    yield "</g>"


def _text(text: str, kind: str, x: float, y: float) -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}">{escape(text)}</text>'


def _rectangle(place: Rectangle, kind: str, radius: float) -> str:
    return (
        f'<rect class="{kind}" x="{place.x:.1f}" y="{place.y:.1f}" width="{place.width:.1f}" '
        f'height="{place.height:.1f}" rx="{radius:.1f}"/>'
    )


def _arrows(picture: Picture, layout: Layout) -> Iterator[str]:
    tips = _tips(picture, layout)
    around = 0
    for number, arrow in enumerate(picture.arrows):
        source, target = layout.boxes[arrow.source], layout.boxes[arrow.target]
        if arrow.kind is ArrowKind.SIDE_PACKET:
            bends = picture.boxes[arrow.target].kind.is_apart
            hue = HUES[arrow.source % len(HUES)]
            yield _path(arrow, _sideways(source, target, bends), "arrow side", f' style="stroke:{hue}"')
        elif number in tips:
            way = layout.ways[arrow.source, arrow.target]
            yield _path(arrow, _down([_below(source), *way, tips[number]]), "arrow")
        else:
            around += 1
            kind = "arrow back" if arrow.kind is ArrowKind.BACK_EDGE else "arrow"
            yield _path(arrow, _around(source, target, layout.width + 10 * around), kind)


def _tips(picture: Picture, layout: Layout) -> dict[int, Point]:
    """Where the arrows that lead downwards reach their boxes, from left to right as they come."""
    reaching: dict[int, list[tuple[float, int]]] = defaultdict(list)
    for number, arrow in enumerate(picture.arrows):
        ends = (arrow.source, arrow.target)
        if arrow.kind is ArrowKind.STREAM and ends in layout.ways:
            last = [_below(layout.boxes[arrow.source]), *layout.ways[ends]][-1]
            reaching[arrow.target].append((last[0], number))
    tips: dict[int, Point] = {}
    for target, arrows in reaching.items():
        place = layout.boxes[target]
        for rank, (_, number) in enumerate(sorted(arrows), 1):
            tips[number] = (place.x + place.width * rank / (len(arrows) + 1), place.y)
    return tips


def _path(arrow: Arrow, way: str, kind: str, more: str = "") -> str:
    said = escape(f"{arrow.kind.value} {arrow.label}")
    return f'<path class="{kind}" d="{way}" marker-end="url(#head)"{more}><title>{said}</title></path>'


def _below(place: Rectangle) -> Point:
    return place.x + place.width / 2, place.y + place.height


def _down(points: Sequence[Point]) -> str:
    """A line through points, which leaves and reaches each from above."""
    parts = [f"M{points[0][0]:.1f} {points[0][1]:.1f}"]
    for (x, y), (to_x, to_y) in pairwise(points):
        half = (y + to_y) / 2
        parts.append(f"C{x:.1f} {half:.1f} {to_x:.1f} {half:.1f} {to_x:.1f} {to_y:.1f}")
    return " ".join(parts)


def _sideways(source: Rectangle, target: Rectangle, bends: bool) -> str:
    """From the right side of a box to the left side of another; in one column, around its left."""
    y, to_y, to_x = source.y + source.height / 2, target.y + target.height / 2, target.x
    if bends:
        x = source.x
        out = min(x, to_x) - 34
        return f"M{x:.1f} {y:.1f} C{out:.1f} {y:.1f} {out:.1f} {to_y:.1f} {to_x:.1f} {to_y:.1f}"
    x = source.x + source.width
    half = (x + to_x) / 2
    return f"M{x:.1f} {y:.1f} C{half:.1f} {y:.1f} {half:.1f} {to_y:.1f} {to_x:.1f} {to_y:.1f}"


def _around(source: Rectangle, target: Rectangle, right: float) -> str:
    """Along the right side of everything."""
    x, y = source.x + source.width, source.y + source.height / 2
    to_x, to_y = target.x + target.width, target.y + target.height / 2
    out = right + 30
    return f"M{x:.1f} {y:.1f} C{out:.1f} {y:.1f} {out:.1f} {to_y:.1f} {to_x:.1f} {to_y:.1f}"
