"""MemoryCeiling: how much memory an engine's process may take before another takes its place."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from ovpipe.engines.process.vitals import Vitals

GIB: Final = 1024**3
ROOM: Final = 4 * GIB
"""Bytes that a process may grow by beside its cache, where nobody states a ceiling. New shapes of batches
take some hundred MiB, and so do grammars."""
LEAST_SECONDS: Final = 60.0
"""For which a process serves at least. Where the ceiling is too low for what requests need, processes would
follow one another without an end."""

_log = logging.getLogger("ovpipe.engine")


class MemoryCeiling:
    """Calls `on_over` once a process takes more than `stated` bytes; 0: never.

    Without a statement the ceiling is what the process takes when it is loaded, its cache, and half as much
    again, or 4 GiB where that is more.
    """

    def __init__(self, name: str, stated: int | None, on_over: Callable[[], None]) -> None:
        self.resident_bytes = 0
        """What the process took when it was last looked at."""
        self._name = name
        self._stated = stated
        self._on_over = on_over
        self._ceiling: int | None = None
        """None: there is none for this process."""
        self._since = 0.0

    def begin(self, vitals: Vitals | None, cache_bytes: int) -> None:
        """A process is loaded. Where the system says nothing of it, it has no ceiling."""
        self._since = asyncio.get_running_loop().time()
        self._ceiling = None
        if vitals is None:
            return
        taken = self.resident_bytes = vitals.resident_bytes
        if self._stated is None:
            self._ceiling = taken + cache_bytes + max(ROOM, taken // 2)
        elif taken < self._stated:
            self._ceiling = self._stated
        elif self._stated:
            _log.error(
                "engine %r takes %.2f GiB once it is loaded, so its memory_ceiling of %.2f has no effect",
                self._name,
                taken / GIB,
                self._stated / GIB,
            )

    def look(self, vitals: Vitals) -> None:
        """How the process is now."""
        self.resident_bytes = vitals.resident_bytes
        served_seconds = asyncio.get_running_loop().time() - self._since
        if self._ceiling is None or self.resident_bytes <= self._ceiling or served_seconds < LEAST_SECONDS:
            return
        _log.warning(
            "engine %r takes %.2f GiB of memory, more than its ceiling of %.2f GiB",
            self._name,
            self.resident_bytes / GIB,
            self._ceiling / GIB,
        )
        self._ceiling = None
        self._on_over()

    def end(self) -> None:
        """The process is gone."""
        self.resident_bytes = 0
        self._ceiling = None
