"""StoredModel: one model of the store, and the record of where it came from."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import msgspec

from ovpipe.model_store.errors import ModelStoreError

RECORD: Final = "ovpipe-model.json"


class Origin(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Where a model came from: a revision of a repository, or a path of this machine."""

    repository: str | None = None
    revision: str | None = None
    """The commit, in full."""
    path: str | None = None
    """A file of the repository, or a file or folder of this machine."""

    def __str__(self) -> str:
        if self.repository is None:
            return self.path or "unknown"
        file = f" {self.path}" if self.path else ""
        return f"{self.repository}{file}" + (f" at {self.revision[:12]}" if self.revision else "")


class Imported(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was imported: the path on this machine, and the hash of what was there."""

    path: str
    content: str


class ModelRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """The file ovpipe-model.json of a model in the store."""

    version: int = 1
    origin: Origin
    weights: str
    """How they are stored: `as-is` when ovpipe did not touch them, else int8, int4 or f16."""
    folder: str | None = None
    """The model's folder, where it is not the record's own; relative to that."""
    imported: Imported | None = None


class StoredModel(msgspec.Struct, frozen=True, kw_only=True):
    """A model that can be served by its name."""

    name: str
    folder: Path
    """A folder in OpenVINO's format."""
    origin: Origin
    weights: str
    imported: Imported | None
    bytes: int
    """What its files take, wherever they are."""


def write_record(place: Path, record: ModelRecord) -> None:
    """Writes the record of a model whose entry in the store is `place`."""
    text = msgspec.json.format(msgspec.json.encode(record), indent=2)
    (place / RECORD).write_bytes(text + b"\n")


def read_model(place: Path) -> StoredModel:
    """The model whose entry in the store is `place`; raises ModelStoreError when its record is broken."""
    try:
        record = msgspec.json.decode((place / RECORD).read_bytes(), type=ModelRecord)
    except (OSError, msgspec.DecodeError) as error:
        raise ModelStoreError(
            f"{place / RECORD} cannot be read ({error}); `ovpipe models remove {place.name}` clears the place"
        ) from error
    folder = Path(os.path.normpath(place / (record.folder or "")))
    return StoredModel(
        name=place.name,
        folder=folder,
        origin=record.origin,
        weights=record.weights,
        imported=record.imported,
        bytes=folder_bytes(folder),
    )


def folder_bytes(folder: Path) -> int:
    """What the files in a folder take."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
