"""File stamps: whether the files that a graph's parameters name are still the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from ovpipe.serving.config import MODELS_PATH

FileStamps: TypeAlias = Mapping[str, tuple[int, int]]
"""Size and time of the last change in nanoseconds, by path."""


def stamps_of(parameters: Mapping[str, Any], base: Path) -> FileStamps:
    """The stamps of the files that values name, and of those in the model's folder.

    Other folders are left out: a cache, say, changes while it is used.
    """
    stamps: dict[str, tuple[int, int]] = {}
    for file in [*_files(parameters, base), *_of_model(parameters.get(MODELS_PATH), base)]:
        try:
            found = file.stat()
        except (OSError, ValueError):  # no path at all, or the file has gone meanwhile
            continue
        stamps[str(file)] = found.st_size, found.st_mtime_ns
    return stamps


def _files(value: Any, base: Path) -> Iterator[Path]:
    if isinstance(value, Mapping):
        for one in value.values():
            yield from _files(one, base)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _files(one, base)
    elif isinstance(value, str) and _is(Path.is_file, base / value):
        yield base / value


def _of_model(value: Any, base: Path) -> Iterator[Path]:
    if isinstance(value, str) and _is(Path.is_dir, base / value):
        yield from (file for file in (base / value).iterdir() if file.is_file())


def _is(kind: Any, path: Path) -> bool:
    try:
        return bool(kind(path))
    except (OSError, ValueError):  # no path of a file at all
        return False
