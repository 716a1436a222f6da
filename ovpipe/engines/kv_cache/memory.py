"""How much memory a process may still take."""

from __future__ import annotations

import os
from pathlib import Path

_CGROUP = Path("/sys/fs/cgroup")


def available_memory() -> int:
    """Bytes that could be used without swapping, within the container's limit where there is one."""
    return min(_of_the_machine(), *_of_the_container())


def _of_the_machine() -> int:
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    # Not Linux: all there is, which is too much; the caller takes a careful part of it.
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _of_the_container() -> list[int]:
    """What the memory cgroup leaves, by version 2 or 1 as containers mount them; empty without a limit."""
    for limit_file, usage_file in (
        ("memory.max", "memory.current"),
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
    ):
        try:
            limit = (_CGROUP / limit_file).read_text().strip()
            usage = (_CGROUP / usage_file).read_text().strip()
        except OSError:
            continue
        if limit != "max":
            return [max(0, int(limit) - int(usage))]
    return []
