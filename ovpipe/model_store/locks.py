"""A lock among processes."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def locked(place: Path, on_wait: Callable[[], None] = lambda: None) -> Iterator[None]:
    """In the block no other process is in a block of the same place: a folder, or a file, made if need be.

    `on_wait` is called when another one is. The lock ends with its process, however that ends.
    """
    held = os.open(place, os.O_RDONLY | (0 if place.is_dir() else os.O_CREAT))
    try:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            on_wait()
            fcntl.flock(held, fcntl.LOCK_EX)
        except OSError:  # a file system without locks
            pass
        yield
    finally:
        os.close(held)
