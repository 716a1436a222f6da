"""`ovpipe models check`: what a model is, how it would be served, and what its quantisation cost."""

from __future__ import annotations

import sys
from pathlib import Path

import typer

from ovpipe.cli.importing import ready_model
from ovpipe.cli.model_facts import facts_of
from ovpipe.cli.one_model import is_folder
from ovpipe.model_store.errors import ModelStoreError
from ovpipe.model_store.local import is_path_of_weights
from ovpipe.model_store.names import repository_of
from ovpipe.model_store.store import ModelStore
from ovpipe.model_store.stored_model import StoredModel

WIDTH = 14


def check_model(store: ModelStore, what: str) -> None:
    """Prints a line for each fact. Raises ModelStoreError."""
    stored = _stored(store, what)
    folder = stored.folder if stored is not None else ready_model(store, Path(what), sys.stdout).folder
    _say("folder", str(folder))
    if stored is not None:
        _say("from", str(stored.origin))
    try:
        for fact in facts_of(folder):
            _say(*fact)
    except ValueError as error:
        raise ModelStoreError(str(error)) from error


def _stored(store: ModelStore, what: str) -> StoredModel | None:
    """The model of the store that is meant; None where a path is."""
    if is_path_of_weights(what) or what.startswith((".", "/", "~")) or is_folder(what):
        return None
    repository = repository_of(what)
    return (store.of_repository(*repository) if repository else None) or store.get(what)


def _say(name: str, value: str) -> None:
    typer.echo(f"{name + ':':{WIDTH}}{value}")
