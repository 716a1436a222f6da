"""`ovpipe list`: the calculators and graphs that there are here, and the models of the store."""

from __future__ import annotations

import enum
import os
from pathlib import Path
from typing import Annotated, assert_never

import typer

from ovpipe.cli.describing.calculator_facts import CalculatorSummary
from ovpipe.cli.output import FormatOption, OutputFormat, print_json, print_table
from ovpipe.cli.project import CalculatorsFolder, collect_calculators_here, graphs_here


class Listed(enum.StrEnum):
    """What there are several of."""

    CALCULATORS = "calculators"
    GRAPHS = "graphs"
    MODELS = "models"


def list(  # noqa: A001  # a command's function has its name
    kind: Annotated[Listed, typer.Argument(help="What to list.")],
    calculators: CalculatorsFolder = None,
    format: FormatOption = OutputFormat.TEXT,
) -> None:
    """Lists calculators, graphs or models by the names that other commands take.

    Calculators are those of ovpipe, of installed packages and of the project. Graphs are those that ship with
    ovpipe, and the graph files of the working folder and of graphs/ in it.
    """
    match kind:
        case Listed.CALCULATORS:
            _print_calculators(calculators, format)
        case Listed.GRAPHS:
            _print_graphs(format)
        case Listed.MODELS:
            from ovpipe.cli.model_list import print_models  # imports that calculators and graphs do not need
            from ovpipe.model_store.store import ModelStore

            print_models(ModelStore.of_user(os.environ), format)
        case _:
            assert_never(kind)


def _print_calculators(folder: Path | None, format: OutputFormat) -> None:
    registry = collect_calculators_here(folder)
    found = [CalculatorSummary.of(name, registry[name]) for name in registry]
    if format is OutputFormat.JSON:
        print_json(found)
    else:
        print_table(("calculator", "what it does"), [(one.name, one.summary) for one in found])
    for entry, why in registry.broken.items():
        typer.echo(f"the entry point {entry} failed: {why}", err=True)


def _print_graphs(format: OutputFormat) -> None:
    found = graphs_here()
    if format is OutputFormat.JSON:
        print_json(
            [
                {"name": name, "description": one.description, "file": str(one.file)}
                for name, one in found.items()
            ]
        )
    else:
        rows = [(name, " ".join(one.description.split())) for name, one in found.items()]
        print_table(("graph", "what it does"), rows)
