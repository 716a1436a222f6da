"""How long a process has computed."""

from __future__ import annotations

import math
import os
from pathlib import Path


def cpu_seconds(pid: int) -> float:
    """Seconds of computing time of all its threads so far; infinite where nobody can tell.

    Fields 14 and 15 of /proc/PID/stat (proc_pid_stat(5)), counted behind the command's closing parenthesis.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    except OSError:
        return math.inf
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
