"""`ovpipe describe`: a calculator's ports and options, or a graph's parameters and nodes."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from ovpipe.cli.describing.calculator_facts import CalculatorFacts
from ovpipe.cli.describing.graph_facts import GraphFacts
from ovpipe.cli.describing.sections import sections_of
from ovpipe.cli.output import FormatOption, OutputFormat, print_json, print_sections
from ovpipe.cli.project import (
    CalculatorsFolder,
    collect_calculators,
    collect_calculators_here,
    graphs_here,
)
from ovpipe.errors import NotFoundError, nearest
from ovpipe.graph.files import SUFFIXES, find_graph
from ovpipe.registry import Registry


class DescribedKind(enum.StrEnum):
    """What a name may be the name of."""

    CALCULATOR = "calculator"
    GRAPH = "graph"


def describe(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="A calculator, a graph file, or a shipped graph.")
    ],
    kind: Annotated[
        DescribedKind | None, typer.Option("--kind", help="Which one, where a name is that of both.")
    ] = None,
    calculators: CalculatorsFolder = None,
    format: FormatOption = OutputFormat.TEXT,
) -> None:
    """Describes a calculator or a graph.

    Of a calculator: its docstring, ports with their types, options with their defaults. Of a graph: its
    parameters, inputs, outputs, side packets and nodes, with all that it has of the graphs that it extends.
    """
    facts = _facts(name, kind, calculators)
    if format is OutputFormat.JSON:
        print_json(facts)
    else:
        print_sections(sections_of(facts))


def _facts(name: str, kind: DescribedKind | None, folder: Path | None) -> CalculatorFacts | GraphFacts:
    file = None if kind is DescribedKind.CALCULATOR else _graph_file(name)
    registry = collect_calculators_here(folder) if file is None else collect_calculators([file], folder)
    is_calculator = kind is not DescribedKind.GRAPH and name in registry
    if file is not None and is_calculator:
        raise typer.BadParameter(
            f"{name!r} is a calculator and a graph; add --kind calculator or --kind graph", param_hint="NAME"
        )
    if is_calculator:
        return CalculatorFacts.of(name, registry[name])
    if file is not None:
        return GraphFacts.of(file, registry)
    raise typer.BadParameter(_unknown(name, kind, registry), param_hint="NAME")


def _graph_file(name: str) -> Path | None:
    """The file of a graph; None where there is none of that name. A path that leads nowhere is a mistake."""
    try:
        return find_graph(name, Path())
    except NotFoundError as error:
        if "/" in name or name.endswith(SUFFIXES):
            raise typer.BadParameter(str(error), param_hint="NAME") from error
        return None


def _unknown(name: str, kind: DescribedKind | None, registry: Registry) -> str:
    """What to say of a name that is none: the nearest one, or how to find all."""
    meant: dict[str, str] = {}
    if kind is not DescribedKind.CALCULATOR:
        meant |= {Path(graph).stem: graph for graph in graphs_here()}
    if kind is not DescribedKind.GRAPH:
        meant |= {calculator: calculator for calculator in registry}
    near = nearest(name, meant)
    kinds: Iterable[DescribedKind] = DescribedKind if kind is None else (kind,)
    all_of = " and ".join(f"`ovpipe list {one}s`" for one in kinds)
    remedy = f"did you mean {meant[near]!r}?" if near is not None else f"see {all_of}"
    broken = "".join(f"; the entry point {entry} failed: {why}" for entry, why in registry.broken.items())
    return f"there is no {' or '.join(kinds)} {name!r}; {remedy}{broken}"
