"""What a server's processes hold now, by their roles.

Memory is what a process has written itself (`Anonymous` in smaps_rollup): a library's pages that it shares with
another process are no part of it, so that one process's end changes no other's figure.
"""

from __future__ import annotations

import re
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.serving.server_process import descendants

SERVER = "server"
CHECKERS = "grammar checkers"
OTHERS = "engines that come or go"
ALL = "all processes"

ENGINE_PID = re.compile(
    r'^ovpipe_engine_pid\{(?:model|resource)="([^"]+)",side_packet="engine"\} (\S+)$', re.M
)


@dataclass(frozen=True, slots=True)
class Held:
    """Bytes of memory, open descriptors and threads of one role's processes, and how many these are."""

    memory: int = 0
    pss: int = 0
    descriptors: int = 0
    threads: int = 0
    processes: int = 0

    def __add__(self, other: Held) -> Held:
        return Held(
            self.memory + other.memory,
            self.pss + other.pss,
            self.descriptors + other.descriptors,
            self.threads + other.threads,
            self.processes + other.processes,
        )


def held_by_roles(server: int, engines: Mapping[int, str]) -> dict[str, Held]:
    """What the server and each role below it holds. `engines` has the model of each engine's process."""
    roles: dict[str, Held] = {}
    for pid in {server, *descendants(server)}:
        try:
            role = SERVER if pid == server else engines.get(pid) or role_of(pid)
            held = held_by(pid)
        except (FileNotFoundError, ProcessLookupError):  # it has just ended
            continue
        roles[role] = roles.get(role, Held()) + held
        roles[ALL] = roles.get(ALL, Held()) + held
    return roles


def held_by(pid: int) -> Held:
    """What one process holds."""
    folder = Path(f"/proc/{pid}")
    rollup = (folder / "smaps_rollup").read_text()
    return Held(
        memory=_kilobytes(rollup, "Anonymous"),
        pss=_kilobytes(rollup, "Pss"),
        descriptors=sum(1 for _ in (folder / "fd").iterdir()),
        threads=sum(1 for _ in (folder / "task").iterdir()),
        processes=1,
    )


def engines_of(url: str) -> dict[int, str]:
    """The role of each engine's process that serves, by its id."""
    with urllib.request.urlopen(f"{url}/metrics", timeout=60) as response:
        page: str = response.read().decode()
    return {int(float(pid)): f"engine of {model}" for model, pid in ENGINE_PID.findall(page)}


def role_of(pid: int) -> str:
    """What a process below the server is that is no engine in service."""
    command = Path(f"/proc/{pid}/cmdline").read_bytes()
    return CHECKERS if b"grammar_host" in command else OTHERS


def _kilobytes(rollup: str, name: str) -> int:
    found = re.search(rf"^{name}: +(\d+) kB$", rollup, re.MULTILINE)
    return int(found[1]) * 1024 if found else 0
