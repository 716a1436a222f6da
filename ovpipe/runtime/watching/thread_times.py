"""ThreadTimes: for how long a thread has computed, and for how long it has waited for a processor."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple


class Times(NamedTuple):
    """Seconds since the thread's start."""

    computed: float
    waited: float
    """It could have run, and other threads of the machine did."""


class ThreadTimes:
    """Reads the times of one thread of this process, where the system counts them: on Linux."""

    def __init__(self, native_id: int) -> None:
        self._file: int | None = None
        try:
            path = Path(f"/proc/self/task/{native_id}/schedstat")
            self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            pass  # another system, or a container that does not show it

    def read(self) -> Times | None:
        """The times by now; None where they are not known."""
        if self._file is None:
            return None
        try:
            computed, waited, _ = os.pread(self._file, 128, 0).split()
        except (OSError, ValueError):  # the thread has ended; or the system writes something else
            return None
        return Times(int(computed) / 1e9, int(waited) / 1e9)

    def close(self) -> None:
        """Nothing more is read."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
