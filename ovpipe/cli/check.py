"""`ovpipe check`: the mistakes of graph files, before anything is loaded."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ovpipe.cli.project import collect_calculators
from ovpipe.errors import Finding, GraphError, NotFoundError
from ovpipe.graph.load import load_graph
from ovpipe.graph.parameters import Folders, declared_parameters, parameter_values, parse_assignments
from ovpipe.graph.place import Findings
from ovpipe.graph.source import read_source
from ovpipe.serving.graph_files import find_graph


def check(
    graphs: Annotated[
        list[str], typer.Argument(metavar="GRAPH...", help="Files, or names of shipped graphs.")
    ],
    assignments: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="A value for a graph's parameter.")
    ] = None,
    calculators: Annotated[
        Path | None, typer.Option(metavar="DIR", help="The folder of the project's calculators.")
    ] = None,
) -> None:
    """Checks graphs whole and prints every mistake with its line.

    Parameters without a value are not mistakes: what depends on them is left unchecked.
    """
    given = parse_assignments(assignments or [])
    clean = True
    for name in graphs:
        try:
            file = find_graph(name, Path())
            registry = collect_calculators([file], calculators)
        except NotFoundError as error:
            typer.echo(f"{name}: {error}")
            clean = False
            continue
        try:
            load_graph(file, registry=registry, parameters=given)
            findings: list[Finding] = []
            open_parameters: list[Finding] = []
        except GraphError as error:
            open_parameters = _open_parameters(file, set(given))
            findings = [finding for finding in error.findings if finding not in open_parameters]
        for finding in findings:
            typer.echo(str(finding))
        clean = clean and not findings
        if not findings:
            left = f" (parameters without a value: {len(open_parameters)})" if open_parameters else ""
            typer.echo(f"{name}: ok{left}")
    if not clean:
        raise typer.Exit(1)


def _open_parameters(file: Path, given: set[str]) -> list[Finding]:
    """The findings that only say that a required parameter has no value yet."""
    try:
        declared = declared_parameters(read_source(file.read_text(encoding="utf-8-sig"), str(file)))
        findings = Findings()
        required = {name: one for name, one in declared.items() if one.required and name not in given}
        parameter_values(required, {}, Folders(Path(), Path()), findings)
        findings.check()
    except GraphError as error:
        return list(error.findings)
    return []
