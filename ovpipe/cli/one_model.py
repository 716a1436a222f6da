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
    before a model of the same name. Raises NotFoundError when `what` is neither.
    """
    own, file, given = _found(what)
    chosen = name or own
    named = server_schema()["properties"]["models"]["propertyNames"]
    if not re.fullmatch(named["pattern"], chosen):
        raise typer.BadParameter(f"{chosen!r} is not {named['title']}", param_hint="--model")
    return ModelConfig(chosen, file, given_over(given, parameters), Path())


def _found(what: str | None) -> tuple[str, Path, dict[str, Any]]:
    """The name, the graph's file and values for its parameters."""
    serving = shipped_graphs()[GRAPH]
    if what is None:
        return embedded.NAME, serving, embedded.embedded_parameters()
    try:
        file = find_graph(what, Path())
    except NotFoundError:
        folder = _folder(what)
        if folder is not None:
            return folder.name, serving, {"models_path": str(folder)}
        store = ModelStore.of_user(os.environ)
        stored = store.find(what)
        if stored is not None:
            return stored.name, serving, {"models_path": str(stored.folder)}
        if "/" in what or what.endswith(SUFFIXES):
            raise
        raise NotFoundError(
            f"unknown graph or model {what!r}: no file or folder of that name, no graph that ships with "
            f"ovpipe, and no model of `ovpipe models list`; "
            f"{did_you_mean(what, {*shipped_graphs(), *store.names()})}"
        ) from None
    return file.stem, file, {}


def _folder(what: str) -> Path | None:
    """The folder of that path, if there is one."""
    try:
        return Path(what).absolute() if what and Path(what).is_dir() else None
    except (OSError, ValueError):  # no path of a folder at all
        return None
