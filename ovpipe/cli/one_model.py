"""The one model of a command whose argument is a graph, a model, or nothing."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import typer

from ovpipe.cli import embedded
from ovpipe.errors import NotFoundError, did_you_mean
from ovpipe.graph.assignments import given_over
from ovpipe.graph.files import SUFFIXES, find_graph, shipped_graphs
from ovpipe.model_store.store import ModelStore
from ovpipe.serving.config import ModelConfig
from ovpipe.serving.config_file import schema as server_schema

GRAPH = "chat"
"""The shipped graph that serves a model which no graph of the user's serves."""

GraphArgument: TypeAlias = Annotated[
    str | None,
    typer.Argument(
        metavar="[GRAPH|MODEL]",
        help="A graph file, the name of a shipped graph, a model's folder, or the name of a model that "
        "`ovpipe models` lists. Default: the tiny model inside ovpipe.",
    ),
]


def one_model(what: str | None, name: str | None, parameters: dict[str, Any]) -> ModelConfig:
    """The model behind the argument `what`, or the embedded one.

    Its name is `name`, or else that of the graph's file, of the model's folder or in the store. A graph comes
    before a model of the same name.
    """
    own, graph, given = _found(what)
    file = find_graph(graph, Path())
    chosen = name or own
    named = server_schema()["properties"]["models"]["propertyNames"]
    if not re.fullmatch(named["pattern"], chosen):
        raise typer.BadParameter(f"{chosen!r} is not {named['title']}", param_hint="--model")
    return ModelConfig(chosen, file, given_over(given, parameters), Path())


def _found(what: str | None) -> tuple[str, str, dict[str, Any]]:
    """The name, the graph and the graph's parameters."""
    if what is None:
        return embedded.NAME, GRAPH, embedded.embedded_parameters()
    folder = Path(what)
    if folder.is_dir():
        return folder.absolute().name, GRAPH, {"models_path": str(folder.absolute())}
    store = ModelStore.of_user(os.environ)
    if what not in shipped_graphs() and not folder.is_file():
        stored = store.find(what)
        if stored is not None:
            return stored.name, GRAPH, {"models_path": str(stored.folder)}
        if "/" not in what and not what.endswith(SUFFIXES):
            raise NotFoundError(
                f"unknown graph or model {what!r}: no file or folder of that name, no graph that ships with "
                f"ovpipe, and no model of `ovpipe models list`; "
                f"{did_you_mean(what, {*shipped_graphs(), *store.names()})}"
            )
    return Path(what).stem, what, {}
