"""What every core's grammar checker is started with, and its bound of memory."""

from __future__ import annotations

import resource
import sys
from pathlib import Path
from typing import Any

import msgspec

_MEBIBYTE = 2**20


class GrammarHostOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the checker's process is loaded with."""

    models_path: str
    folder: str
    """An empty one, for files while it is loaded. Who gives it removes it."""
    memory_mebibytes: int
    """How much more than after its load the process may take."""
    kept_mebibytes: int
    """How much of it the grammars may take that have been checked."""

    @classmethod
    def read(cls, given: dict[str, Any]) -> GrammarHostOptions:
        """The options as they came in a message."""
        return msgspec.convert(given, cls)

    def limit_memory(self) -> None:
        """Lets the process have so many bytes more from now on. Beyond, a step fails with a MemoryError.

        RLIMIT_DATA and not RLIMIT_AS: address space is also what is mapped and never touched.
        """
        if sys.platform != "linux":
            return
        status = Path("/proc/self/status").read_text("ascii")
        (used,) = (int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmData:"))
        most = used + self.memory_mebibytes * _MEBIBYTE
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))
