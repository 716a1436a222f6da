"""Folders that appear whole or not at all."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PREFIX, _SUFFIX = ".ovpipe-", ".part"


@contextmanager
def work_folder(parent: Path) -> Iterator[Path]:
    """A folder in `parent` to work in. It goes at the end of the block, with what is left in it.

    Whoever works in one holds a lock on it, which ends with the process, however that ends. So the next one
    here finds what killed processes have left, and clears it.
    """
    parent.mkdir(parents=True, exist_ok=True)
    _clear_left_over(parent)
    folder, lock = _locked_folder(parent)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


@contextmanager
def whole_folder(target: Path) -> Iterator[Path]:
    """A folder to write in; at the end of the block it is `target`, in one step.

    A block that fails leaves nothing. Raises FileExistsError when there is something in `target`'s place
    that is no empty folder.
    """
    check_vacant(target)
    with work_folder(target.parent) as work:
        made = work / "made"
        made.mkdir()
        yield made
        check_vacant(target)
        made.rename(target)


def check_vacant(target: Path) -> None:
    """Raises FileExistsError unless there is nothing at `target`, or an empty folder."""
    if target.is_symlink() or (target.exists() and not (target.is_dir() and not any(target.iterdir()))):
        raise FileExistsError(f"{target} is there already; name a folder that is not, or that is empty")


def _locked_folder(parent: Path) -> tuple[Path, int]:
    """A new folder, and the descriptor that holds its lock."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX, suffix=_SUFFIX, dir=parent))
        try:
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:  # somebody took it for one that was left
            continue
        if _is_locked(lock) is not False and folder.is_dir():
            return folder, lock
        os.close(lock)


def _clear_left_over(parent: Path) -> None:
    for folder in parent.glob(f"{_PREFIX}*{_SUFFIX}"):
        try:
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        except OSError:  # it has gone, or is somebody else's
            continue
        if _is_locked(lock):
            shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _is_locked(descriptor: int) -> bool | None:
    """Whether the lock is ours now; None where the file system has no locks."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True
