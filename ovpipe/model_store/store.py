"""ModelStore: the folder that keeps this machine's models by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from ovpipe.errors import did_you_mean
from ovpipe.model_store.errors import ModelStoreError
from ovpipe.model_store.imports import Imports
from ovpipe.model_store.locks import locked
from ovpipe.model_store.names import NAME, checked_name
from ovpipe.model_store.stored_model import RECORD, ModelRecord, StoredModel, read_model, write_record
from ovpipe.modelling.importing.whole_folder import work_folder


class ModelStore:
    """Models by name, each in a folder of `root`, which need not exist.

    What a model was imported to stands in `imports`; its name stands for that.

    A model appears whole or not at all: what makes one works in a folder beside, which takes the name's place
    in one step.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.imports = Imports(root / ".imports")

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

    def of_repository(self, repository: str, file: str | None = None) -> StoredModel | None:
        """A model of a repository, and of that file if one is named. It passes broken records."""
        for name in self.names():
            with suppress(ModelStoreError):
                model = read_model(self.root / name)
                if model.origin.repository == repository and file in (None, model.origin.path):
                    return model
        return None

    def remove(self, name: str) -> None:
        """Takes the model away, and its files where they are the store's own and no other name's."""
        if name not in self.names():
            self.get(name)
        own = _folder_of(self.root / name)
        with self._changing() as work:
            (self.root / name).rename(work / name)
            for folder in self._unnamed():
                if folder.resolve() == own:
                    folder.rename(work / folder.name)

    def unnamed(self) -> list[StoredModel]:
        """The imports that no name stands for: of files that were served by their paths."""
        return [read_model(folder) for folder in self._unnamed()]

    def remove_unnamed(self) -> int:
        """Takes these away; how many there were."""
        with self._changing() as work:
            folders = self._unnamed()
            for folder in folders:
                folder.rename(work / folder.name)
        return len(folders)

    @contextmanager
    def adding(self, name: str, record: ModelRecord) -> Iterator[Path]:
        """A folder to put a model's files in; at the end of the block it is the model `name`.

        It replaces a model of that name. A block that fails leaves the store as it was.
        """
        checked_name(name)
        with work_folder(self.root) as work:
            made = work / "made"
            made.mkdir()
            yield made
            write_record(made, record)
            with locked(self.root):
                place = self.root / name
                if place.exists():
                    place.rename(work / "replaced")
                made.rename(place)

    @contextmanager
    def _changing(self) -> Iterator[Path]:
        """A folder to move things to that are to go, while no other process changes the store."""
        with work_folder(self.root) as work, locked(self.root):
            yield work

    def _unnamed(self) -> list[Path]:
        named = {_folder_of(self.root / name) for name in self.names()}
        return [folder for folder in self.imports.folders() if folder.resolve() not in named]


def _folder_of(place: Path) -> Path | None:
    """The files' folder of the model whose entry is `place`; None when its record is broken."""
    try:
        return read_model(place).folder.resolve()
    except ModelStoreError:
        return None
