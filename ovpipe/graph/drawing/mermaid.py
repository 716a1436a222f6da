"""Mermaid: a picture as the text of a flowchart, which GitHub and many editors draw."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ovpipe.graph.drawing.groups import grouped
from ovpipe.graph.drawing.picture import Arrow, ArrowKind, Box, Picture

PLAIN = re.compile(r"[^\w .,:/()-]")


def mermaid(picture: Picture) -> str:
    """The flowchart of a picture."""
    return "\n".join(_lines(picture)) + "\n"


def _lines(picture: Picture) -> Iterator[str]:
    yield "flowchart TD"
    apart = [index for index, box in enumerate(picture.boxes) if box.kind.is_apart]
    others = [index for index, box in enumerate(picture.boxes) if not box.kind.is_apart]
    number = 0
    for title, indices in (("side packets", apart), ("", others)):
        indent = 1
        if title and indices:
            yield f'  subgraph apart["{title}"]'
            indent = 2
        for depth, entry in grouped(picture, indices):
            space = "  " * (indent + depth)
            if isinstance(entry, int):
                yield f"{space}n{entry}{_shape(picture.boxes[entry])}"
            elif entry is None:
                yield f"{space}end"
            else:
                yield f'{space}subgraph g{number}["{escaped(entry)}"]'
                number += 1
        if title and indices:
            yield "  end"
    for arrow in picture.arrows:
        yield f"  n{arrow.source} {_line(arrow)} n{arrow.target}"


def _shape(box: Box) -> str:
    if box.kind.is_end:
        return f'(["{escaped(box.title)}"])'
    return f'["{escaped(box.title)}<br/>{escaped(box.calculator)}"]'


def _line(arrow: Arrow) -> str:
    line = "-->" if arrow.kind is ArrowKind.STREAM else "-.->"
    return f'{line}|"{escaped(arrow.label)}"|'


def escaped(text: str) -> str:
    """A text that Mermaid takes for nothing else, each odd character as its number."""
    return PLAIN.sub(lambda found: f"#{ord(found[0])};", text)
