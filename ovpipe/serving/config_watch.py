"""Watching server.yaml: a change is one that stays, so that nobody reads a file that is being written."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

SECONDS: Final = 1.0
"""Between two looks, on a thread: a network drive that hangs stops nobody."""


class SettledContent:
    """The content of a file, look by look. A change counts when two looks in a row see it.

    A file that is not there is no change: some editors take it away for a moment.
    """

    def __init__(self, known: bytes | None) -> None:
        """`known` is in force."""
        self._known = known
        self._last = known

    def look(self, content: bytes | None) -> bool:
        """Whether there is something new to read; None: there is no file."""
        changed = content is not None and content != self._known and content == self._last
        self._last = content
        if changed:
            self._known = content
        return changed


@asynccontextmanager
async def watching_config(file: Path, on_change: Callable[[], object]) -> AsyncIterator[None]:
    """Calls when the file's content has changed, as long as the block runs."""
    known = await asyncio.to_thread(_content, file)
    task = asyncio.create_task(_watch(file, SettledContent(known), on_change), name=f"watch {file}")
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _watch(file: Path, settled: SettledContent, on_change: Callable[[], object]) -> None:
    while True:
        await asyncio.sleep(SECONDS)
        if settled.look(await asyncio.to_thread(_content, file)):
            on_change()


def _content(file: Path) -> bytes | None:
    try:
        return file.read_bytes()
    except OSError:
        return None
