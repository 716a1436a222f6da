"""The content of a model's files as a short text, found quickly the second time."""

from __future__ import annotations

import hashlib
import re
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

import msgspec

WHOLE: Final = 1 << 20
"""Bytes, up to which a file is always read."""
SETTLED: Final = 2.0
"""Seconds. A file that changed in the last ones could change again within the same tick of its clock."""
READ: Final = (
    "*.safetensors",
    "*.json",
    "*.jinja",
    "additional_chat_templates/*.jinja",
    "*.model",
    "*.txt",
)
"""What an importer may read of a folder, and more."""
PART: Final = re.compile(r"(.+)-\d{5}-of-(\d{5}\.gguf)", re.IGNORECASE)


class Seen(msgspec.Struct, frozen=True):
    """A file's state when it was read, and the hash of what it held."""

    state: tuple[int, int, int, int, int]
    hash: str


class Fingerprints:
    """Remembers in `folder` what the large files held, by their sizes, times and places on the disk.

    A file whose size, times of change or place differ is read again, so that a changed file of the same size
    is another one. The time of the last change of a file's state (ctime) cannot be set back.
    """

    def __init__(self, folder: Path, clock: Callable[[], float] = time.time) -> None:
        self._folder = folder
        self._clock = clock

    def of(self, source: Path) -> str:
        """The SHA-256 of a file, or of the names and contents of a folder's. Raises OSError."""
        memory = self._folder / f"{_hash(str(source.absolute()).encode())}.json"
        known = _read(memory)
        seen: dict[str, Seen] = {}
        whole = hashlib.sha256()
        for name, file in model_files(source):
            state = _state(file)
            old = known.get(name)
            if old is None or old.state != state or state[0] <= WHOLE:
                began = self._clock()
                with file.open("rb") as content:
                    old = Seen(state, hashlib.file_digest(content, "sha256").hexdigest())
                if _changed(state) > began - SETTLED or _state(file) != state:
                    old = Seen((0, 0, 0, 0, 0), old.hash)  # not to be relied on
            seen[name] = old
            whole.update(f"{name}\0{old.hash}\n".encode())
        if seen != known:
            _write(memory, seen)
        return whole.hexdigest()


def states(source: Path) -> dict[str, tuple[int, ...]]:
    """The sizes, times and places of a model's files: what differs once one of them was written to."""
    return {name: _state(file) for name, file in model_files(source)}


def model_files(source: Path) -> Iterator[tuple[str, Path]]:
    """The files that a model may be read from, by names that do not depend on where the model is."""
    if source.is_dir():
        found = {file for pattern in READ for file in source.glob(pattern) if file.is_file()}
        yield from sorted((str(file.relative_to(source)), file) for file in found)
    elif part := PART.fullmatch(source.name):
        parts = (other for other in source.parent.iterdir() if PART.fullmatch(other.name))
        same = sorted(other for other in parts if PART.sub(r"\1\2", other.name) == part[1] + part[2])
        yield from ((str(number), file) for number, file in enumerate(same))
    else:
        yield "", source


def _state(file: Path) -> tuple[int, int, int, int, int]:
    found = file.stat()
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_dev


def _changed(state: tuple[int, int, int, int, int]) -> float:
    return max(state[1], state[2]) / 1e9


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _read(memory: Path) -> Mapping[str, Seen]:
    try:
        return msgspec.json.decode(memory.read_bytes(), type=dict[str, Seen])
    except (OSError, msgspec.DecodeError):  # none, or a broken one: all is read again
        return {}


def _write(memory: Path, seen: Mapping[str, Seen]) -> None:
    memory.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=memory.parent, delete=False) as file:
        file.write(msgspec.json.encode(seen))
    Path(file.name).replace(memory)
