"""Imports: the models that were made from files of this machine, by what those files hold."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from ovpipe.model_store.errors import ModelStoreError
from ovpipe.model_store.fingerprints import Fingerprints, states
from ovpipe.model_store.locks import locked
from ovpipe.model_store.names import name_of_path
from ovpipe.model_store.stored_model import RECORD, Imported, ModelRecord, Origin, write_record
from ovpipe.modelling.importing.defaults import DEFAULT_WEIGHTS

if TYPE_CHECKING:
    from ovpipe.modelling.importing.importer import Progress
    from ovpipe.modelling.storage import WeightsChoice

IMPORTER: Final = 1
"""Another number for an importer that makes other files of the same source."""


class ImportOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How a model is imported. No `weights`: DEFAULT_WEIGHTS."""

    weights: WeightsChoice | None = None
    adapters: bool = False
    long_context: bool = False


class Imports:
    """Imported models in a folder of their own, each under a key made of its content and options.

    So what was imported is found again wherever the file stands now, and a changed file is another model.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._fingerprints = Fingerprints(root / ".seen")

    def folders(self) -> list[Path]:
        """All that are here."""
        return sorted(record.parent for record in self.root.glob(f"*/{RECORD}"))

    def imported(
        self,
        source: Path,
        options: ImportOptions,
        *,
        origin: Origin | None = None,
        progress: Progress,
        on_wait: Callable[[], None],
    ) -> Path:
        """The folder of the model that is made of this source, made now if it is not here.

        `on_wait` is called when another process makes the same. Raises ModelStoreError for a source that
        cannot be imported.
        """
        chosen = msgspec.structs.replace(options, weights=options.weights or DEFAULT_WEIGHTS)
        content = self.content_of(source)
        key = _key(content, chosen)
        folder = self._found(key)
        if folder is None:
            path = str(source.absolute())
            record = ModelRecord(
                origin=origin or Origin(path=path),
                weights=str(chosen.weights),
                imported=Imported(path=path, content=content),
            )
            self.root.mkdir(parents=True, exist_ok=True)
            with locked(self.root / f"{key}.lock", on_wait):
                folder = self._found(key)
                if folder is None:
                    # The name is for people who look at the files, and for the engine's log.
                    folder = self.root / f"{name_of_path(source)}-{key}"
                    self._make(source, folder, chosen, record, progress)
        return folder

    def content_of(self, source: Path) -> str:
        """The hash of what a source's files hold."""
        try:
            return self._fingerprints.of(source)
        except OSError as error:
            raise ModelStoreError(f"{source} cannot be read: {error.strerror or error}") from error

    def _found(self, key: str) -> Path | None:
        return next((record.parent for record in self.root.glob(f"*-{key}/{RECORD}")), None)

    def _make(
        self, source: Path, folder: Path, options: ImportOptions, record: ModelRecord, progress: Progress
    ) -> None:
        from ovpipe.modelling.importing.importer import import_model  # loads OpenVINO, which takes a while

        before = states(source)

        def finish(made: Path) -> None:
            if states(source) != before:
                raise ModelStoreError(f"{source} changed while ovpipe read it; import it again")
            write_record(made, record)

        try:
            import_model(
                source,
                folder,
                weights=options.weights,
                adapters=options.adapters,
                long_context=options.long_context,
                progress=progress,
                finish=finish,
            )
        except (ValueError, OSError) as error:
            raise ModelStoreError(str(error)) from error


def _key(content: str, options: ImportOptions) -> str:
    """What differs once anything does that the import was made of, or what made it."""
    parts = [IMPORTER, version("ovpipe"), content, msgspec.to_builtins(options)]
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()[:20]
