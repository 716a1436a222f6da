"""`--set name=value` and `--set name.key=value`, as every command takes it."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

import typer

from ovpipe.graph.assignments import AssignmentError, parse_assignments

Assignments: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="A value for a graph's parameter, or for a key of one: NAME.KEY=VALUE.",
    ),
]


def parameters_of(assignments: list[str] | None) -> dict[str, Any]:
    """The parameters, still as text; a wrong one is a wrong use of the command line."""
    try:
        return dict(parse_assignments(assignments or []))
    except AssignmentError as error:
        raise typer.BadParameter(str(error), param_hint="--set") from error
