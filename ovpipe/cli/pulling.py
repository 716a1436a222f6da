"""A model's way from a hub into the store, as the command line shows it."""

from __future__ import annotations

import sys

import typer

from ovpipe.cli.importing import imported_model
from ovpipe.cli.sizes import size
from ovpipe.model_store.contents import Form
from ovpipe.model_store.errors import ModelStoreError
from ovpipe.model_store.hub import Download, download, plan
from ovpipe.model_store.imports import ImportOptions
from ovpipe.model_store.store import ModelStore
from ovpipe.model_store.stored_model import ModelRecord, Origin, StoredModel


def pull_model(
    store: ModelStore,
    repository: str,
    name: str,
    revision: str | None,
    file: str | None,
    options: ImportOptions,
) -> StoredModel:
    """Downloads a repository, and puts its model into the store.

    What is not in OpenVINO's format is imported. Raises ModelStoreError.
    """
    planned = plan(repository, revision, file)
    what = f"{repository} at {planned.commit[:12]} ({planned.form})"
    to_do = f"{planned.files} files, {size(planned.bytes)} to download" if planned.files else "all is here"
    typer.echo(f"{what}: {to_do}")
    got = download(planned, bars=sys.stderr.isatty())
    origin = Origin(repository=repository, revision=got.revision, path=got.file)
    if got.form is not Form.OPENVINO:
        source = got.folder / got.file if got.file else got.folder
        return imported_model(store, source, options, name, origin=origin)
    if options != ImportOptions():
        raise ModelStoreError(
            f"{repository} is in OpenVINO's format, which is served as it is; leave out --weights, "
            "--adapters and --long-context"
        )
    _check_tokenizer(got, repository)
    with store.adding(name, ModelRecord(origin=origin, weights="as-is", folder=str(got.folder))):
        pass
    return store.get(name)


def _check_tokenizer(got: Download, repository: str) -> None:
    for part in ("openvino_tokenizer.xml", "openvino_detokenizer.xml"):
        if not (got.folder / part).is_file():
            raise ModelStoreError(f"{repository} has no {part}, so ovpipe cannot read texts with it")
