"""Terminal: a picture as lines of text, its boxes in layers from top to bottom."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from itertools import zip_longest

import networkx as nx

from ovpipe.graph.drawing.picture import Arrow, ArrowKind, Box, Picture

GAP = 2
NARROWEST = 24


def terminal(picture: Picture, width: int = 100) -> str:
    """The lines of a picture, none of them wider than `width`."""
    blocks: list[str] = []
    apart = [index for index, box in enumerate(picture.boxes) if box.kind.is_apart]
    if apart:
        blocks += ["side packets", *_rows(picture, apart, width), ""]
    for number, layer in enumerate(_layers(picture)):
        if number:
            blocks.append(f"{'▼':^{min(width, NARROWEST)}}".rstrip())
        blocks += _rows(picture, layer, width)
    return "\n".join(blocks) + "\n"


def _layers(picture: Picture) -> Iterator[list[int]]:
    graph: nx.DiGraph[int] = nx.DiGraph()
    graph.add_nodes_from(index for index, box in enumerate(picture.boxes) if not box.kind.is_apart)
    graph.add_edges_from(
        (arrow.source, arrow.target) for arrow in picture.arrows if arrow.kind is ArrowKind.STREAM
    )
    for layer in nx.topological_generations(graph):
        yield sorted(layer)


def _rows(picture: Picture, indices: Sequence[int], width: int) -> Iterator[str]:
    """Boxes beside one another, as many as fit, row by row."""
    row: list[list[str]] = []
    for index in indices:
        block = _block(picture, index, width)
        if row and sum(len(one[0]) + GAP for one in row) + len(block[0]) > width:
            yield from _beside(row)
            row = []
        row.append(block)
    yield from _beside(row)


def _beside(row: Sequence[Sequence[str]]) -> Iterator[str]:
    for lines in zip_longest(*row):
        cells = (line or " " * len(block[0]) for line, block in zip(lines, row, strict=True))
        yield (" " * GAP).join(cells).rstrip()


def _block(picture: Picture, index: int, width: int) -> list[str]:
    box = picture.boxes[index]
    most = max(NARROWEST, min(width, 100) // 2 - 1) - 4
    lines = [
        part
        for line in _said(picture, index, box)
        for part in textwrap.wrap(line, most, subsequent_indent="  ") or [""]
    ]
    inner = max(map(len, lines))
    corners = "╭╮╰╯" if box.kind.is_end else "┌┐└┘"
    bar = "─" * (inner + 2)
    middle = [f"│ {line:{inner}} │" for line in lines]
    return [f"{corners[0]}{bar}{corners[1]}", *middle, f"{corners[2]}{bar}{corners[3]}"]


def _said(picture: Picture, index: int, box: Box) -> Iterator[str]:
    yield box.name
    if box.kind.is_end:
        yield box.kind.value
    else:
        yield box.calculator
    own = [arrow for arrow in picture.arrows if arrow.target == index]
    if not box.kind.is_end:
        for kind, mark in ((ArrowKind.STREAM, "←"), (ArrowKind.BACK_EDGE, "↺"), (ArrowKind.SIDE_PACKET, "⇠")):
            names = dict.fromkeys(arrow.name for arrow in own if arrow.kind is kind)
            if names:
                yield f"{mark} {', '.join(names)}"
    sent = (arrow for arrow in picture.arrows if arrow.source == index)
    for label, mark in dict.fromkeys(map(_sent, sent)):
        yield f"{mark} {label}"


def _sent(arrow: Arrow) -> tuple[str, str]:
    return f"{arrow.name}: {arrow.type}", "⇢" if arrow.kind is ArrowKind.SIDE_PACKET else "→"
