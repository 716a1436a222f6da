"""`ovpipe show`: a graph's YAML, as it is written or with what it has of the graphs that it extends."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ovpipe.cli.project import CalculatorsFolder, collect_calculators
from ovpipe.graph.extending.written import expanded_text
from ovpipe.graph.files import find_graph, read_text


def show(
    graph: Annotated[
        str, typer.Argument(metavar="GRAPH", help="A graph file, or the name of a shipped graph.")
    ],
    expanded: Annotated[
        bool, typer.Option("--expanded", help="Put together what it extends, inserts, replaces and removes.")
    ] = False,
    calculators: CalculatorsFolder = None,
) -> None:
    """Prints the YAML of a graph.

    With --expanded the printed graph extends none: it is what ovpipe builds of the file, and loads alone.
    """
    file = find_graph(graph, Path())
    text = expanded_text(file, collect_calculators([file], calculators)) if expanded else read_text(file)
    typer.echo(text, nl=not text.endswith("\n"))
