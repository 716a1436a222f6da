"""The one model of a command whose argument is a graph or nothing."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import typer

from ovpipe.cli import embedded
from ovpipe.graph.assignments import given_over
from ovpipe.graph.files import find_graph
from ovpipe.serving.config import ModelConfig
from ovpipe.serving.config_file import schema as server_schema

GraphArgument: TypeAlias = Annotated[
    str | None,
    typer.Argument(
        metavar="[GRAPH]",
        help="A graph file, or the name of a shipped graph. Default: the tiny model inside ovpipe.",
    ),
]


def one_model(graph: str | None, model: str | None, parameters: dict[str, Any]) -> ModelConfig:
    """The model behind GRAPH, or the embedded one; its name is the graph file's unless `model` gives one."""
    if graph is None:
        parameters = given_over(embedded.embedded_parameters(), parameters)
    file = find_graph(graph or embedded.GRAPH, Path())
    name = model or (embedded.NAME if graph is None else file.stem)
    named = server_schema()["properties"]["models"]["propertyNames"]
    if not re.fullmatch(named["pattern"], name):
        raise typer.BadParameter(f"{name!r} is not {named['title']}", param_hint="--model")
    return ModelConfig(name, file, parameters, Path())
