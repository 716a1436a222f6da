"""`ovpipe models check`: what a model is, how it would be served, and what its quantisation cost."""

from __future__ import annotations

import sys
from pathlib import Path

import typer

from ovpipe.cli.importing import ready_model
from ovpipe.cli.model_facts import facts_of
from ovpipe.cli.one_model import is_folder
from ovpipe.engines.model_folder import ModelFolder
from ovpipe.model_store.errors import ModelStoreError
from ovpipe.model_store.local import is_path_of_weights
from ovpipe.model_store.names import repository_of
from ovpipe.model_store.store import ModelStore
from ovpipe.model_store.stored_model import RECORD, Imported, StoredModel, read_model

WIDTH = 14


def check_model(store: ModelStore, what: str) -> None:
    """Prints a line for each fact. Raises ModelStoreError."""
    stored = _stored(store, what)
    folder = stored.folder if stored is not None else ready_model(store, Path(what), sys.stdout).folder
    if stored is None and (folder / RECORD).is_file():
        stored = read_model(folder)
    _say("folder", str(folder))
    if stored is not None:
        _say("from", str(stored.origin))
    try:
        for fact in facts_of(folder):
            _say(*fact)
        if stored is not None and stored.imported is not None:
            _say("quantisation", _loss(store, folder, stored.imported))
    except ValueError as error:
        raise ModelStoreError(str(error)) from error


def _loss(store: ModelStore, folder: Path, imported: Imported) -> str:
    """What the model's weights lost, by its logits and those of what it was imported from, in f32."""
    source = Path(imported.path)
    try:
        content = store.imports.content_of(source)
    except ModelStoreError as error:
        return f"not measured: {error}"
    if content != imported.content:
        return f"not measured: {source} is another model now"
    from ovpipe.modelling.config_json.reader import read_config
    from ovpipe.modelling.quality import measure_quality
    from ovpipe.modelling.sources.opening import open_source

    typer.echo(f"comparing with {source} in f32 ...", err=True)
    opened = open_source(source)
    built_for = ModelFolder.read(folder).context_length
    quality = measure_quality(
        folder,
        opened,
        # Only a longrope has two forms, and they differ in the context that they are built for.
        long_context=built_for != read_config(opened.config).max_position_embeddings,
    )
    return (
        f"mean KL {quality.divergence:.2g}, {quality.agreement:.1%} of the likeliest tokens as in f32, "
        f"over {quality.tokens} tokens"
    )


def _stored(store: ModelStore, what: str) -> StoredModel | None:
    """The model of the store that is meant; None where a path is."""
    if is_path_of_weights(what) or what.startswith((".", "/", "~")) or is_folder(what):
        return None
    repository = repository_of(what)
    return (store.of_repository(*repository) if repository else None) or store.get(what)


def _say(name: str, value: str) -> None:
    typer.echo(f"{name + ':':{WIDTH}}{value}")
