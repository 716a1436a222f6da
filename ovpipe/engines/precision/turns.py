"""Engines of one machine measure in turns: two at once would make each other's steps slower."""

from __future__ import annotations

import fcntl
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

LONGEST_WAIT: Final = 300.0
"""Seconds. Then an engine measures beside another rather than keep its model's requests waiting."""

_POLL: Final = 0.2
_SAY_AGAIN: Final = 10.0

_log = logging.getLogger("ovpipe.engine.precision")


@contextmanager
def turn_to_measure(file: Path, say: Callable[[], None], longest: float = LONGEST_WAIT) -> Iterator[bool]:
    """A block in which no other process holds the file locked. Gives whether it had to wait for one.

    `say` is called when it waits, and again from time to time. A process that ends lets go of its lock. Where
    no file can be locked the block is run all the same.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        stream = file.open("wb")
    except OSError as error:
        _log.warning("%s cannot be opened, so others may measure at the same time: %s", file, error)
        yield False
        return
    with stream:
        yield _wait(stream.fileno(), file, say, longest)


def _wait(handle: int, file: Path, say: Callable[[], None], longest: float) -> bool:
    began = said = time.monotonic()
    waited = False
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            now = time.monotonic()
            if now - began >= longest:
                _log.warning(
                    "%s has been locked for %.0f s; this engine measures all the same", file, longest
                )
                return True
            if not waited or now - said >= _SAY_AGAIN:
                waited, said = True, now
                say()
            time.sleep(_POLL)
        except OSError as error:  # a file system without locks
            _log.warning("%s cannot be locked, so others may measure at the same time: %s", file, error)
            return False
        else:
            return waited
