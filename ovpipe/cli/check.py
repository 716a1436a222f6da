"""`ovpipe check`: the mistakes of graph files, before anything is loaded."""

from __future__ import annotations

from collections.abc import Container, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from ovpipe.cli.assignments import Assignments, parameters_of
from ovpipe.cli.project import collect_calculators
from ovpipe.errors import Finding, GraphError, OvpipeError
from ovpipe.graph.load import load_graph
from ovpipe.graph.parameters import MISSING, Folders, declared_parameters, parameter_values
from ovpipe.graph.place import Findings
from ovpipe.graph.schema import check_shape, check_version
from ovpipe.graph.source import read_source
from ovpipe.serving.graph_files import find_graph


def check(
    graphs: Annotated[
        list[str], typer.Argument(metavar="GRAPH...", help="Files, or names of shipped graphs.")
    ],
    assignments: Assignments = None,
    calculators: Annotated[
        Path | None, typer.Option(metavar="DIR", help="The folder of the project's calculators.")
    ] = None,
) -> None:
    """Checks graphs whole and prints every mistake with its line.

    Parameters without a value are not mistakes: what depends on them is left unchecked.
    """
    given = parameters_of(assignments)
    clean = True
    for name in graphs:
        try:
            left = _checked(find_graph(name, Path()), given, calculators)
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


def _checked(file: Path, given: Mapping[str, Any], calculators: Path | None) -> int:
    """How many parameters still need a value; GraphError when there are mistakes besides."""
    registry = collect_calculators([file], calculators)
    try:
        load_graph(file, registry=registry, parameters=given)
    except GraphError as error:
        left = _without_value(file, given)
        mistakes = [finding for finding in error.findings if finding not in left]
        if mistakes:
            raise GraphError(mistakes) from None
        return len(left)
    return 0


def _without_value(file: Path, given: Container[str]) -> list[Finding]:
    """The findings that only say that a parameter has no value yet."""
    try:
        source = read_source(file.read_bytes().decode("utf-8-sig"), str(file))
        check_version(source, Findings())
    except (GraphError, UnicodeDecodeError):
        return []  # nothing can be said of its parameters; load_graph has told why
    source, _ = check_shape(source, Findings())
    declared = declared_parameters(source)
    required = {name: one for name, one in declared.items() if one.default is MISSING and name not in given}
    findings = Findings()
    parameter_values(required, {}, Folders(Path(), Path()), findings)
    try:
        findings.check()
    except GraphError as error:
        return list(error.findings)
    return []
