"""Memory: what an open graph holds, and what one will that is not open yet."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

ENGINE_PID: Final = "engine_pid"
"""The metric by which a side packet names the process that holds its model."""
FIELD: Final = "VmRSS:"


def held_by(side_packets: Mapping[str, Any]) -> int:
    """The resident bytes of the processes behind side packets; 0 where none says that it has one.

    Pages that two processes map from one file count for each: it is an upper bound.
    """
    return sum(resident_bytes(pid) for pid in {_pid_of(packet) for packet in side_packets.values()} if pid)


def size_of_files(files: Mapping[str, tuple[int, int]]) -> int:
    """The bytes of a model's files: what it holds at least, for want of a measurement."""
    return sum(size for size, _ in files.values())


def resident_bytes(pid: int) -> int:
    """Of a process of this machine, by proc_pid_status(5); 0 where there is none, or no /proc."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0
    for line in status.splitlines():
        if line.startswith(FIELD):
            return int(line.split()[1]) * 1024
    return 0


def _pid_of(packet: Any) -> int:
    metrics = getattr(packet, "metrics", None)
    if not callable(metrics):
        return 0
    try:
        return int(metrics().get(ENGINE_PID, 0))
    except Exception:  # a side packet's fault costs its own figure; /metrics logs it
        return 0
