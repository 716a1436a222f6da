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


def waits_for_processor(pid: int) -> bool:
    """Whether a thread of it computes, or would if the machine had computing time left."""
    try:
        return any(_fields(task / "stat")[0] == "R" for task in Path(f"/proc/{pid}/task").iterdir())
    except OSError:  # gone, or a system that does not say
        return False


def vitals_of(pid: int) -> Vitals | None:
    """Those of a process; None where the system does not say, and of one that is gone."""
    try:
        fields = _fields(Path(f"/proc/{pid}/stat"))
    except OSError:
        return None
    cpu_ticks = int(fields[11]) + int(fields[12])
    return Vitals(
        fields[0],
        cpu_ticks / os.sysconf("SC_CLK_TCK"),
        int(fields[9]),
        int(fields[21]) * os.sysconf("SC_PAGE_SIZE"),
    )


def _fields(stat: Path) -> list[str]:
    """Those from the third on."""
    return stat.read_text("utf-8", "replace").rpartition(")")[2].split()  # a command may hold spaces
