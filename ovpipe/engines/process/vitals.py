"""Vitals: what the system says of a process, whether or not that answers."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple


class Vitals(NamedTuple):
    """The state of its main thread, and of all its threads the computing time and the page faults.

    Fields 3, 14 and 15, and 12 of /proc/PID/stat; `resident_bytes` is field 24 (proc_pid_stat(5)).
    """

    state: str
    cpu_seconds: float
    major_faults: int
    resident_bytes: int

    @property
    def is_stopped(self) -> bool:
        """Whether a signal or a debugger has stopped it."""
        return self.state in "Tt"

    @property
    def waits_for_disk(self) -> bool:
        """Whether it is in a sleep that nothing interrupts: for a disk, as a rule."""
        return self.state == "D"


def vitals_of(pid: int) -> Vitals | None:
    """Those of a process; None where the system does not say, and of one that is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()  # a command may hold spaces
    cpu_ticks = int(fields[11]) + int(fields[12])
    return Vitals(
        fields[0],
        cpu_ticks / os.sysconf("SC_CLK_TCK"),
        int(fields[9]),
        int(fields[21]) * os.sysconf("SC_PAGE_SIZE"),
    )
