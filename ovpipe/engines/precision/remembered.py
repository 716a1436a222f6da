"""RememberedFigures: what was measured on this machine before, in the user's cache folder."""

from __future__ import annotations

import contextlib
import logging
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import msgspec

from ovpipe.engines.batching_options import Precision
from ovpipe.engines.precision.choice import Figures
from ovpipe.engines.precision.subject import Subject
from ovpipe.engines.precision.turns import turn_to_measure

_log = logging.getLogger("ovpipe.engine.precision")


class Measurement(msgspec.Struct, frozen=True, kw_only=True):
    """One measurement, as its file holds it."""

    measured: str
    """When, in UTC."""
    figures: dict[Precision, Figures]
    of: Subject


class RememberedFigures:
    """A file of JSON for each subject, so that servers that start together keep out of each other's way.

    Whatever is wrong with the folder or a file in it is logged, and the load goes on without.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    @classmethod
    def of_user(cls, environment: Mapping[str, str]) -> Self:
        """Those in the user's cache folder; of a user without a home none, and nothing is kept."""
        if stated := environment.get("XDG_CACHE_HOME"):
            return cls(Path(stated) / "ovpipe" / "precision")
        try:
            return cls(Path.home() / ".cache" / "ovpipe" / "precision")
        except RuntimeError as error:
            _log.warning("what is measured cannot be remembered: %s", error)
            return cls(None)

    def read(self, subject: Subject) -> Measurement | None:
        """The measurement of this subject, where there is one to be read."""
        if self._folder is None:
            return None
        file = self._file(self._folder, subject)
        try:
            found = msgspec.json.decode(file.read_bytes(), type=Measurement)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.DecodeError) as error:
            _log.warning("%s cannot be read, so it is measured again: %s", file, error)
            return None
        whole = list(found.figures) == subject.candidates and found.of.key == subject.key
        if not whole:
            _log.warning("%s is of something else than its name says, so it is measured again", file)
        return found if whole else None

    def write(self, subject: Subject, figures: Mapping[Precision, Figures]) -> None:
        """Keeps a measurement in place of an earlier one."""
        if self._folder is None:
            return
        now = datetime.now(UTC).isoformat(timespec="seconds")
        measurement = Measurement(measured=now, figures=dict(figures), of=subject)
        file = self._file(self._folder, subject)
        try:
            _replace(file, msgspec.json.format(msgspec.json.encode(measurement)) + b"\n")
        except OSError as error:
            _log.warning("%s cannot be written, so the next load measures again: %s", file, error)

    @contextmanager
    def turn(self, say: Callable[[], None]) -> Iterator[bool]:
        """A block in which no other engine of this user measures; see `turn_to_measure`."""
        if self._folder is None:
            yield False
        else:
            with turn_to_measure(self._folder / ".turn", say) as waited:
                yield waited

    def _file(self, folder: Path, subject: Subject) -> Path:
        return folder / f"{subject.key}.json"


def _replace(file: Path, content: bytes) -> None:
    """Writes the file in one step: a reader sees the old one or the new one."""
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{file.stem}-", dir=file.parent)
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        part.replace(file)
    except OSError:
        with contextlib.suppress(OSError):
            part.unlink()
        raise
