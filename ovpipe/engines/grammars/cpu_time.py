"""How long a process has computed, and whether it would go on."""

from __future__ import annotations

import math
import os
from pathlib import Path


def cpu_seconds(pid: int) -> float:
    """Seconds of computing time of all its threads so far; infinite where the system does not say.

    Fields 14 and 15 of /proc/PID/stat (proc_pid_stat(5)).
    """
    try:
        fields = _fields(Path(f"/proc/{pid}/stat"))
    except OSError:
        return math.inf
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def is_asleep(pid: int) -> bool:
    """Whether all its threads wait for something, none being stopped or waiting for its turn to compute.

    Field 3 of their stat files. False where the system does not say.
    """
    try:
        states = [_fields(thread / "stat")[0] for thread in Path(f"/proc/{pid}/task").iterdir()]
    except OSError:
        return False
    return all(state == "S" for state in states)


def _fields(stat: Path) -> list[str]:
    """Those behind the command's closing parenthesis, the third and on."""
    return stat.read_text("utf-8", "replace").rpartition(")")[2].split()
