"""`ovpipe check`: the mistakes of graph files and of server.yaml files, before anything is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from ovpipe.cli.assignments import Assignments, parameters_of
from ovpipe.cli.project import CalculatorsFolder, collect_calculators
from ovpipe.errors import GraphError, OvpipeError
from ovpipe.graph.files import find_graph
from ovpipe.graph.load import check_graph
from ovpipe.serving.config_file import is_server_config, read_server_config
from ovpipe.serving.models.repository import Repository


def check(
    files: Annotated[
        list[str],
        typer.Argument(metavar="FILE...", help="Graph files, names of shipped graphs, or a server.yaml."),
    ],
    assignments: Assignments = None,
    calculators: CalculatorsFolder = None,
) -> None:
    """Checks graphs, or all graphs of a server.yaml, and prints every mistake with its line.

    A graph's parameter without a value is not a mistake: the check skips what depends on it. In a server.yaml
    it is one.
    """
    given = parameters_of(assignments)
    clean = True
    for name in files:
        try:
            said = _check(name, given, calculators)
        except GraphError as error:
            typer.echo(str(error))
            clean = False
        except OvpipeError as error:
            typer.echo(f"{name}: {error}")
            clean = False
        else:
            typer.echo(f"{name}: ok{said}")
    if not clean:
        raise typer.Exit(1)


def _check(name: str, given: Mapping[str, Any], calculators: Path | None) -> str:
    file = find_graph(name, Path())
    if is_server_config(file):
        if given:
            raise OvpipeError("a server.yaml gives its graphs their parameters itself; leave out --set")
        config = read_server_config(file)
        from ovpipe.serving.security.doors import Doors  # half a second, which no graph needs

        # Keys may come with the start, so an address that needs some is no mistake here.
        Doors.of(replace(config.security, insecure=True), config.address.host)
        registry = collect_calculators(config.graphs(), calculators)
        served = Repository.load(config.models, registry, config.resources)
        return f" (models: {', '.join(model.name for model in served)})"
    left = len(check_graph(file, registry=collect_calculators([file], calculators), parameters=given))
    return f" (parameters without a value: {left})" if left else ""
