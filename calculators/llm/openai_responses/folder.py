"""ResponseFolder: kept responses as files, each written whole by one thread, in order."""

from __future__ import annotations

import asyncio
import logging
import os
import re
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Final, TypeVar

A = TypeVar("A")
T = TypeVar("T")
RESPONSE_ID: Final = re.compile(r"resp_[0-9a-f]{32}", re.ASCII)
"""What may be the name of a file."""
SUFFIX: Final = ".json"
UNFINISHED: Final = ".part"

logger = logging.getLogger(__name__)


class ResponseFolder:
    """A folder of responses by their ids, which only its owner on this machine may read.

    Reads come after the writes before them. What cannot be written is logged.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread = ThreadPoolExecutor(1, "responses")

    async def open(self, most: int) -> list[bytes]:
        """Makes the folder, and reads what lies in it: the `most` newest, the oldest of them first."""
        return await self._run(self._open, most)

    async def close(self) -> None:
        """Ends when all is written."""
        await asyncio.to_thread(self._thread.shutdown)

    def write(self, id: str, data: bytes, written: Callable[[], None]) -> None:
        """Writes a response, some time later; `written` is called on the event loop when it is there."""
        loop = asyncio.get_running_loop()

        def after(done: Future[None]) -> None:
            error = done.exception()
            if error is None:
                loop.call_soon_threadsafe(written)
            else:
                logger.error("a response cannot be kept in %s: %s; it stays in memory", self._path, error)

        self._thread.submit(self._write, id, data).add_done_callback(after)

    def remove(self, id: str) -> None:
        """Removes a response, some time later."""
        self._thread.submit(self._remove, id)

    async def read(self, id: str) -> bytes | None:
        """A response's file; None where there is none."""
        return await self._run(self._read, id) if RESPONSE_ID.fullmatch(id) else None

    async def _run(self, job: Callable[[A], T], argument: A) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, job, argument)

    def _file(self, id: str) -> Path:
        return self._path / f"{id}{SUFFIX}"

    def _open(self, most: int) -> list[bytes]:
        self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
        for part in self._path.glob(f"*{UNFINISHED}"):
            part.unlink(missing_ok=True)
        files = [file for file in self._path.glob(f"resp_*{SUFFIX}") if RESPONSE_ID.fullmatch(file.stem)]
        files.sort(key=lambda file: file.stat().st_mtime_ns)
        for file in files[:-most]:
            file.unlink(missing_ok=True)
        return [file.read_bytes() for file in files[-most:]]

    def _write(self, id: str, data: bytes) -> None:
        part = self._path / f"{id}{UNFINISHED}"
        try:
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(data)
            part.replace(self._file(id))
        except OSError:
            part.unlink(missing_ok=True)
            raise

    def _remove(self, id: str) -> None:
        try:
            self._file(id).unlink(missing_ok=True)
        except OSError as error:
            logger.error("a response cannot be removed from %s: %s", self._path, error)

    def _read(self, id: str) -> bytes | None:
        try:
            return self._file(id).read_bytes()
        except OSError:
            return None
