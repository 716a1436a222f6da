"""An import as the command line shows it."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import NamedTuple, TextIO

from ovpipe.cli.display import Lines, display_for
from ovpipe.cli.sizes import size
from ovpipe.model_store.contents import Form
from ovpipe.model_store.errors import ModelStoreError
from ovpipe.model_store.imports import ImportOptions
from ovpipe.model_store.local import local_model
from ovpipe.model_store.names import name_of_path
from ovpipe.model_store.store import ModelStore
from ovpipe.model_store.stored_model import ModelRecord, Origin, StoredModel, folder_bytes, read_model


class ShownImport:
    """Shows how far an import is. What was imported before shows nothing."""

    def __init__(self, lines: Lines, title: str) -> None:
        self._lines = lines
        self._title = title
        self._shown = 0
        self._began: float | None = None

    def waits(self) -> None:
        """Another process makes the same import."""
        self._lines.say(f"{self._title}: another process imports it; waiting for that")

    def progress(self, written: int, expected: int) -> None:
        """More is written."""
        if self._began is None:
            self._began = time.monotonic()
            self._lines.begin()
        part = min(1.0, written / max(1, expected))
        steps = int(part * self._lines.steps)
        if steps > self._shown:
            self._shown = steps
            self._lines.loading(self._title, "import", f"{size(written)} of about {size(expected)}", part)

    def done(self, source: Path, folder: Path) -> None:
        """The import is there."""
        if self._began is not None:
            taken = time.monotonic() - self._began
            self._lines.say(
                f"{self._title}: imported {source} in {taken:.1f} s: {size(folder_bytes(folder))}"
            )


class ReadyModel(NamedTuple):
    """A folder that can be served, and the model's name."""

    name: str
    folder: Path


def ready_model(store: ModelStore, path: Path, file: TextIO) -> ReadyModel:
    """The model at a path; of a .gguf file, and of a folder of weights, the import.

    A folder without a model is taken as it is: what loads it says what it lacks. Raises ModelStoreError.
    """
    model = local_model(path)
    if model is None or model.form is Form.OPENVINO:
        return ReadyModel(path.absolute().name, path.absolute())
    name = name_of_path(model.path)
    return ReadyModel(name, imported_folder(store, model.path, ImportOptions(), name=name, file=file))


def imported_folder(
    store: ModelStore,
    source: Path,
    options: ImportOptions,
    *,
    name: str,
    file: TextIO,
    origin: Origin | None = None,
) -> Path:
    """The model made of this source, from the store, or made now, with lines or a bar in `file`."""
    title = f"model {name}"
    with display_for([title], file) as lines:
        shown = ShownImport(lines, title)
        folder = store.imports.imported(
            source, options, origin=origin, progress=shown.progress, on_wait=shown.waits
        )
        shown.done(source, folder)
    return folder


def imported_model(
    store: ModelStore,
    path: Path,
    options: ImportOptions,
    name: str | None,
    *,
    origin: Origin | None = None,
) -> StoredModel:
    """The model made of what is at a path, in the store by its name. Raises ModelStoreError."""
    source = _source(path)
    name = name or name_of_path(source)
    folder = imported_folder(store, source, options, name=name, file=sys.stdout, origin=origin)
    made = read_model(folder)
    record = ModelRecord(
        origin=origin or made.origin,
        weights=made.weights,
        imported=made.imported,
        folder=os.path.relpath(folder, store.root / name),
    )
    with store.adding(name, record):
        pass
    return store.get(name)


def write_import(path: Path, options: ImportOptions, folder: Path) -> None:
    """Writes the model made of what is at a path to a folder. Raises ModelStoreError."""
    from ovpipe.modelling.importing.importer import import_model  # loads OpenVINO, which takes a while

    source = _source(path)
    title = f"model {name_of_path(folder)}"
    with display_for([title], sys.stdout) as lines:
        shown = ShownImport(lines, title)
        try:
            import_model(
                source,
                folder,
                weights=options.weights,
                adapters=options.adapters,
                long_context=options.long_context,
                progress=shown.progress,
            )
        except (ValueError, OSError) as error:
            raise ModelStoreError(str(error)) from error
        shown.done(source, folder)


def _source(path: Path) -> Path:
    """The folder or GGUF file to import at a path."""
    model = local_model(path)
    if model is None:
        raise ModelStoreError(f"{path} has no .safetensors and no .gguf file")
    if model.form is Form.OPENVINO:
        raise ModelStoreError(f"{path} is in OpenVINO's format already: ovpipe serve {path}")
    return model.path
