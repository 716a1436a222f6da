"""Files that a running server reads again when they change."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

log = logging.getLogger(__name__)

SECONDS: Final = 1.0
"""Between two looks. Each is a `stat` of each file, on a thread: a network drive that hangs stops nobody."""
Stamp: TypeAlias = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class WatchedFiles:
    """Files that belong together, and what reads them again.

    `read` runs on a thread. When it raises, what it read before stays in force and the log says why; the
    next change is another try.
    """

    what: str
    files: Sequence[Path]
    read: Callable[[], None]

    def stamps(self) -> tuple[Stamp | None, ...]:
        """What changes whenever a file does, also when a link leads to another file; None for no file."""
        return tuple(_stamp(file) for file in self.files)


@asynccontextmanager
async def watching(watched: Sequence[WatchedFiles]) -> AsyncIterator[None]:
    """Reads files again, as long as the block runs."""
    stamps = [one.stamps() for one in watched]
    tasks = [
        asyncio.create_task(_watch(one, stamp), name=f"watch {one.what}")
        for one, stamp in zip(watched, stamps, strict=True)
    ]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _watch(watched: WatchedFiles, stamps: tuple[Stamp | None, ...]) -> None:
    while True:
        await asyncio.sleep(SECONDS)
        now = await asyncio.to_thread(watched.stamps)
        if now == stamps:
            continue
        stamps = now
        try:
            await asyncio.to_thread(watched.read)
        except Exception as error:  # whatever stands in a file, the server goes on with what it had
            log.error(
                "%s: the change has no effect, what was read before stays in force: %s", watched.what, error
            )
        else:
            log.info("%s: read again, since a file has changed", watched.what)


def _stamp(file: Path) -> Stamp | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size
