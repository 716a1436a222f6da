"""DOT: a picture as a text for Graphviz."""

from __future__ import annotations

from collections.abc import Iterator

from ovpipe.graph.drawing.groups import grouped
from ovpipe.graph.drawing.picture import ArrowKind, Box, Picture


def dot(picture: Picture) -> str:
    """The digraph of a picture."""
    return "\n".join(_lines(picture)) + "\n"


def _lines(picture: Picture) -> Iterator[str]:
    yield f"digraph {quoted(picture.name)} {{"
    yield '  node [shape=box, fontname="monospace"];'
    yield '  edge [fontname="monospace", fontsize=10];'
    number = 0
    for depth, entry in grouped(picture, range(len(picture.boxes))):
        space = "  " * (depth + 1)
        if isinstance(entry, int):
            yield f"{space}n{entry} [{_attributes(picture.boxes[entry])}];"
        elif entry is None:
            yield f"{space}}}"
        else:
            yield f"{space}subgraph cluster_{number} {{ label={quoted(entry)};"
            number += 1
    for arrow in picture.arrows:
        style = "" if arrow.kind is ArrowKind.STREAM else ", style=dashed"
        free = ", constraint=false" if arrow.kind is ArrowKind.BACK_EDGE else ""
        yield f"  n{arrow.source} -> n{arrow.target} [label={quoted(arrow.label)}{style}{free}];"
    yield "}"


def _attributes(box: Box) -> str:
    if box.kind.is_end:
        return f"label={quoted(box.title)}, style=rounded"
    return f"label={quoted(box.title + chr(10) + box.calculator)}"


def quoted(text: str) -> str:
    """A text as DOT writes one."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
