"""Files that a running server reads again when they change."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

log = logging.getLogger(__name__)

SECONDS: Final = 1.0
"""Between two looks. Each is a `stat` of each file, on a thread: a network drive that hangs stops nobody."""
Stamp: TypeAlias = tuple[int, int, int, int] | None
"""It changes whenever a file does, also when a link leads to another one; None: there is no file."""


@dataclass(frozen=True, slots=True)
class WatchedFiles:
    """Files that belong together, and what reads them again.

    When `read` raises, what it read before stays in force and the log says why; the next change is another
    try. It is given the files that have changed. `files` is called on a thread, before each look.
    """

    what: str
    files: Callable[[], Iterable[Path]]
    read: Callable[[Sequence[Path]], Awaitable[object]]
    read_as: Callable[[], Mapping[Path, Stamp]] = dict
    """How files were when `read` read them, where it finds out by reading which files there are."""

    def stamps(self) -> dict[Path, Stamp]:
        """How the files are now."""
        return stamps_of(self.files())


class SettledChanges:
    """The stamps of files, look by look. A change counts when two looks in a row see the same.

    So nobody reads files of which one is still being written, or that an editor takes away for a moment.
    """

    def __init__(self, known: Mapping[Path, Stamp]) -> None:
        """`known` are in force."""
        self._known = dict(known)
        self._last = dict(known)

    def look(self, now: Mapping[Path, Stamp], read_as: Mapping[Path, Stamp]) -> list[Path]:
        """The files that have changed. One that is watched from now on has changed since it was read so."""
        settled, self._last = now == self._last, dict(now)
        if not settled:
            return []
        known = {**now, **read_as, **self._known}
        changed = [file for file, stamp in now.items() if known[file] != stamp]
        self._known = dict(now)
        return changed


@asynccontextmanager
async def watching(watched: Iterable[WatchedFiles]) -> AsyncIterator[None]:
    """Has files read again that change, as long as the block runs."""
    known = [(one, await asyncio.to_thread(one.stamps)) for one in watched]
    tasks = [
        asyncio.create_task(_watch(one, SettledChanges(stamps)), name=f"watch {one.what}")
        for one, stamps in known
    ]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _watch(watched: WatchedFiles, settled: SettledChanges) -> None:
    while True:
        await asyncio.sleep(SECONDS)
        try:
            await look(watched, settled)
        except Exception as error:  # whatever stands in a file, the server goes on with what it had
            log.error(
                "%s: the change has no effect, what was read before stays in force: %s", watched.what, error
            )


async def look(watched: WatchedFiles, settled: SettledChanges) -> None:
    """One look, and the reading if something has changed."""
    changed = settled.look(await asyncio.to_thread(watched.stamps), watched.read_as())
    if changed:
        log.info("%s: %s changed", watched.what, ", ".join(map(str, changed)))
        await watched.read(changed)


def stamps_of(files: Iterable[Path]) -> dict[Path, Stamp]:
    """How files are now."""
    return {file: _stamp(file) for file in files}


def _stamp(file: Path) -> Stamp:
    try:
        found = file.stat()
    except (OSError, ValueError):  # no file, or no path of one
        return None
    return found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_size
