"""`ovpipe check`: the mistakes of graph files, before anything is loaded."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ovpipe.cli.assignments import Assignments, parameters_of
from ovpipe.cli.project import CalculatorsFolder, collect_calculators
from ovpipe.errors import GraphError, OvpipeError
from ovpipe.graph.files import find_graph
from ovpipe.graph.load import check_graph


def check(
    graphs: Annotated[
        list[str], typer.Argument(metavar="GRAPH...", help="Graph files, or names of shipped graphs.")
    ],
    assignments: Assignments = None,
    calculators: CalculatorsFolder = None,
) -> None:
    """Checks whole graphs and prints every mistake with its line.

    A parameter without a value is not a mistake: the check skips what depends on it.
    """
    given = parameters_of(assignments)
    clean = True
    for name in graphs:
        try:
            file = find_graph(name, Path())
            registry = collect_calculators([file], calculators)
            left = len(check_graph(file, registry=registry, parameters=given))
        except GraphError as error:
            typer.echo(str(error))
            clean = False
        except OvpipeError as error:
            typer.echo(f"{name}: {error}")
            clean = False
        else:
            typer.echo(f"{name}: ok{f' (parameters without a value: {left})' if left else ''}")
    if not clean:
        raise typer.Exit(1)
