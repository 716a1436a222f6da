"""`ovpipe draw`: a graph as a picture, in a file or in the terminal."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated

import typer

from ovpipe.cli.assignments import Assignments, parameters_of
from ovpipe.cli.project import CalculatorsFolder, collect_calculators
from ovpipe.errors import OvpipeError
from ovpipe.graph.drawing import Picture, dot, mermaid, picture_of, svg, terminal
from ovpipe.graph.files import find_graph
from ovpipe.graph.load import draft_plan

FORMATS: Mapping[str, Callable[[Picture], str]] = {".svg": svg, ".mmd": mermaid, ".dot": dot}
WIDTH = 100
"""Of the text where no terminal says its own."""


def draw(
    graph: Annotated[
        str, typer.Argument(metavar="GRAPH", help="A graph file, or the name of a shipped graph.")
    ],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="A file to write: .svg, .mmd (Mermaid) or .dot."),
    ] = None,
    assignments: Assignments = None,
    calculators: CalculatorsFolder = None,
) -> None:
    """Draws a graph: its nodes, streams and side packets, with all that it extends and its subgraphs.

    Without -o it prints the nodes in layers: ← reads a stream, → writes one, ⇠ takes a side packet, ⇢ makes
    one, ↺ reads a back edge. Parameters need no values, unless one of them names a subgraph.
    """
    given = parameters_of(assignments)
    write = _writer(output) if output is not None else None
    file = find_graph(graph, Path())
    plan = draft_plan(file, registry=collect_calculators([file], calculators), parameters=given)
    picture = picture_of(plan)
    if output is None or write is None:
        width = shutil.get_terminal_size((WIDTH, 24)).columns if sys.stdout.isatty() else WIDTH
        typer.echo(terminal(picture, width), nl=False)
        return
    try:
        output.write_text(write(picture), "utf-8")
    except OSError as error:
        raise OvpipeError(f"{output} cannot be written: {error.strerror}") from error


def _writer(output: Path) -> Callable[[Picture], str]:
    suffix = output.suffix.lower()
    if suffix in FORMATS:
        return FORMATS[suffix]
    known = ", ".join(FORMATS)
    remedy = f"name a file that ends in one of {known}"
    if suffix in (".png", ".pdf"):
        remedy = f"write an .svg, and convert it: rsvg-convert -o {output.name} {output.stem}.svg"
    raise typer.BadParameter(f"{str(output)!r} has no format that ovpipe draws; {remedy}", param_hint="-o")
