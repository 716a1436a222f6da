"""The one model of a command whose arguments are graphs, a model, or nothing."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, TextIO, TypeAlias

import typer

from ovpipe.cli import embedded
from ovpipe.cli.importing import ready_model
from ovpipe.errors import NotFoundError, did_you_mean
from ovpipe.graph.assignments import given_over
from ovpipe.graph.files import SUFFIXES, find_graph, shipped_graphs
from ovpipe.model_store.local import is_path_of_weights
from ovpipe.model_store.names import repository_of
from ovpipe.model_store.store import ModelStore
from ovpipe.serving.config import DEFAULT_GRAPHS, MODELS_PATH, ModelConfig, ModelGraph
from ovpipe.serving.config_file import schema as server_schema

GraphArgument: TypeAlias = Annotated[
    str | None,
    typer.Argument(
        metavar="[GRAPH|MODEL]",
        help="A graph file, the name of a shipped graph, a model's folder or .gguf file, or the name of a "
        "model that `ovpipe models` lists. Default: the tiny model inside ovpipe.",
    ),
]

GraphArguments: TypeAlias = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[GRAPH...|MODEL]",
        help="Graph files or names of shipped graphs, which are served under one name; or a model's folder "
        "or .gguf file, or the name of a model that `ovpipe models` lists. Default: the tiny model inside "
        "ovpipe.",
    ),
]


def one_model(
    what: Sequence[str],
    name: str | None,
    parameters: dict[str, Any],
    *,
    file: TextIO = sys.stdout,
    serving: Sequence[str] = DEFAULT_GRAPHS,
) -> ModelConfig:
    """The model behind the arguments `what`, or the embedded one.

    Its name is `name`, or else that of the first graph's file, of the model's folder or file, or in the
    store. A graph comes before a model of the same name. The shipped graphs of the names `serving` serve what
    is no graph. A file of weights, and a folder of them, is imported the first time; `file` shows how far
    that is. Raises NotFoundError when `what` is neither, and ModelStoreError for a model that cannot be had.
    """
    if len(what) > 1:
        files = [_graph(one) for one in what]
        own, given = files[0].stem, dict[str, Any]()
    else:
        own, graph, given = _found(what[0] if what else None, file)
        files = [shipped_graphs()[one] for one in serving] if graph is None else [graph]
    chosen = name or own
    named = server_schema()["properties"]["models"]["propertyNames"]
    if not re.fullmatch(named["pattern"], chosen):
        raise typer.BadParameter(f"{chosen!r} is not {named['title']}", param_hint="--model")
    return ModelConfig(chosen, tuple(map(ModelGraph, files)), given_over(given, parameters), Path())


def _graph(what: str) -> Path:
    """One of several arguments, which have to be graphs."""
    try:
        return find_graph(what, Path())
    except NotFoundError as error:
        raise NotFoundError(f"of several arguments each has to be a graph: {error}") from None


def _found(what: str | None, file: TextIO) -> tuple[str, Path | None, dict[str, Any]]:
    """The name, the graph's file, None for a model that is no graph, and values for the parameters."""
    if what is None:
        return embedded.NAME, None, embedded.embedded_parameters()
    store = ModelStore.of_user(os.environ)
    if is_path_of_weights(what):
        return _served(store, Path(what), file)
    try:
        graph = find_graph(what, Path())
    except NotFoundError:
        if is_folder(what):
            return _served(store, Path(what), file)
        repository = None if what.endswith(SUFFIXES) else repository_of(what)
        stored = store.of_repository(*repository) if repository else store.find(what)
        if stored is not None:
            return stored.name, None, {MODELS_PATH: str(stored.folder)}
        if repository:
            raise NotFoundError(
                f"there is no file or folder {what!r}, and no model of that repository on this machine; "
                f"`ovpipe models pull {what}` brings one"
            ) from None
        if "/" in what or what.endswith(SUFFIXES):
            raise
        raise NotFoundError(
            f"unknown graph or model {what!r}: no file or folder of that name, no graph that ships with "
            f"ovpipe, and no model of `ovpipe models list`; "
            f"{did_you_mean(what, {*shipped_graphs(), *store.names()})}"
        ) from None
    return graph.stem, graph, {}


def _served(store: ModelStore, path: Path, file: TextIO) -> tuple[str, None, dict[str, Any]]:
    """A model by its path."""
    model = ready_model(store, path, file)
    return model.name, None, {MODELS_PATH: str(model.folder)}


def is_folder(what: str) -> bool:
    """Whether there is a folder of that path."""
    try:
        return bool(what) and Path(what).is_dir()
    except (OSError, ValueError):  # no path of a folder at all
        return False
