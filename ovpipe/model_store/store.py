"""ModelStore: the folder that keeps this machine's models by name."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from ovpipe.errors import did_you_mean
from ovpipe.model_store.errors import ModelStoreError
from ovpipe.model_store.names import NAME, checked_name
from ovpipe.model_store.stored_model import RECORD, ModelRecord, StoredModel, read_model, write_record


class ModelStore:
    """Models by name, each in a folder of `root`, which need not exist.

    A model appears whole or not at all: what makes one works in a folder beside, which takes the name's place
    in one step.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    @classmethod
    def of_user(cls, environment: Mapping[str, str]) -> ModelStore:
        """The store in $OVPIPE_MODELS, or else in the user's cache folder."""
        if stated := environment.get("OVPIPE_MODELS"):
            return cls(Path(stated).expanduser().absolute())
        cache = environment.get("XDG_CACHE_HOME")
        return cls((Path(cache) if cache else Path.home() / ".cache") / "ovpipe" / "models")

    def names(self) -> list[str]:
        """The names of all models, sorted."""
        if not self.root.is_dir():
            return []
        return sorted(place.name for place in self.root.iterdir() if (place / RECORD).is_file())

    def find(self, name: str) -> StoredModel | None:
        """The model of that name, or None. Raises ModelStoreError when its record is broken."""
        if not NAME.fullmatch(name) or not (self.root / name / RECORD).is_file():
            return None
        return read_model(self.root / name)

    def get(self, name: str) -> StoredModel:
        """The model of that name. Raises ModelStoreError, naming the ones there are, or when it is broken."""
        model = self.find(name)
        if model is not None:
            return model
        names = self.names()
        others = did_you_mean(name, names) if names else "there are none"
        raise ModelStoreError(f"there is no model {name!r} in {self.root}; {others}")

    def remove(self, name: str) -> None:
        """Takes the model away, and its files where they are the store's own."""
        if name not in self.names():
            self.get(name)
        with self._scratch() as scratch:
            (self.root / name).rename(scratch / name)

    @contextmanager
    def adding(self, name: str, record: ModelRecord) -> Iterator[Path]:
        """A folder to put a model's files in; at the end of the block it is the model `name`.

        It replaces a model of that name. A block that fails leaves the store as it was.
        """
        checked_name(name)
        self.root.mkdir(parents=True, exist_ok=True)
        with self._scratch() as scratch:
            made = scratch / "made"
            made.mkdir()
            yield made
            write_record(made, record)
            place = self.root / name
            if place.exists():
                place.rename(scratch / "replaced")
            made.rename(place)

    @contextmanager
    def _scratch(self) -> Iterator[Path]:
        folder = Path(tempfile.mkdtemp(prefix=f".{os.getpid()}-", dir=self.root))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
