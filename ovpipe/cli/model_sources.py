"""The models that a server.yaml names by their sources: each becomes a folder before the server starts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TextIO

from ovpipe.cli.importing import ready_model
from ovpipe.errors import did_you_mean
from ovpipe.graph.place import Findings
from ovpipe.model_store.errors import ModelStoreError
from ovpipe.model_store.imports import ImportOptions
from ovpipe.model_store.local import is_path_of_weights
from ovpipe.model_store.names import name_of, repository_of
from ovpipe.model_store.store import ModelStore
from ovpipe.model_store.stored_model import StoredModel
from ovpipe.serving.config import MODELS_PATH, ModelConfig, ResourceConfig, ServerConfig, SourceConfig


def with_models(config: ServerConfig, store: ModelStore, file: TextIO) -> ServerConfig:
    """The same with the folders of all models; what is to be downloaded and imported is, now.

    `file` shows how far that is. Raises GraphError with the place of each source that leads nowhere.
    """
    findings = Findings()

    def parameters(one: ModelConfig | ResourceConfig) -> Mapping[str, Any]:
        if one.source is None:
            return one.parameters
        try:
            folder = _folder(one.source, one.base, store, file)
        except ModelStoreError as error:
            findings.add(one.source.place, f"source of {one.name}: {error}")
            return one.parameters
        return {**one.parameters, MODELS_PATH: str(folder)}

    resources = tuple(replace(one, parameters=parameters(one)) for one in config.resources)
    models = tuple(replace(one, parameters=parameters(one)) for one in config.models)
    findings.check()
    return replace(config, models=models, resources=resources)


def _folder(source: SourceConfig, base: Path, store: ModelStore, file: TextIO) -> Path:
    what = source.what
    path = base / Path(what).expanduser()
    if what.startswith((".", "/", "~")) or _exists(path):
        return ready_model(store, path, file).folder
    if stored := store.find(what):
        return stored.folder
    if repository := repository_of(what):
        return (store.of_repository(*repository) or _pull(source, store, *repository)).folder
    if is_path_of_weights(what) or "/" in what:
        return ready_model(store, path, file).folder  # says that it is not there
    raise ModelStoreError(
        f"there is no file or folder {path}, and no model {what!r} in `ovpipe models list`; "
        f"{did_you_mean(what, store.names())}"
    )


def _pull(source: SourceConfig, store: ModelStore, repository: str, file: str | None) -> StoredModel:
    asked = repository + (f" --file {file}" if file else "")
    if source.pull == "never":
        raise ModelStoreError(
            f"{repository} is not on this machine; run `ovpipe models pull {asked}`, or say `pull: missing` "
            "beside it"
        )
    name = name_of(repository)
    if other := store.find(name):
        raise ModelStoreError(
            f"the store has another model {name!r}, from {other.origin}; run `ovpipe models pull {asked} "
            "--name NAME`"
        )
    from ovpipe.cli.pulling import pull_model  # a second of imports that a server needs for this alone

    return pull_model(store, repository, name, None, file, ImportOptions())


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # no path of a file at all
        return False
