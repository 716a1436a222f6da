"""A server that is measured from outside: a process, its children, and a port."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Self

READY_SECONDS = 300.0
ASK_SECONDS = 0.02
"""How often a server that starts is asked whether it is ready."""
STOP_SECONDS = 30.0
TICKS = os.sysconf("SC_CLK_TCK")


class Server:
    """A server's process, ready when the block begins, and gone with all its children when it ends."""

    def __init__(self, command: Sequence[str], *, port: int, health: str, env: Mapping[str, str]) -> None:
        self.port = port
        self.ready_seconds = 0.0
        self._health = f"http://127.0.0.1:{port}{health}"
        self._said = tempfile.TemporaryFile("w+")  # noqa: SIM115  # closed in __exit__
        self._began = time.perf_counter()
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=self._said,
            stderr=subprocess.STDOUT,
            env={**os.environ, **env},
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        try:
            self._wait_ready()
        except BaseException:  # a Ctrl-C, too, leaves no process behind
            self.__exit__()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        pids = list(tree(self._process.pid))
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            for pid in pids:
                os.kill(pid, signal.SIGKILL)
            self._process.wait()
        self._said.close()

    def processor_seconds(self) -> float:
        """User and system time of all its processes so far."""
        return sum(_ticks(pid) for pid in tree(self._process.pid)) / TICKS

    def memory(self) -> int:
        """Bytes that its processes have in memory; what several share is counted once."""
        return sum(_resident(pid) for pid in tree(self._process.pid))

    def _wait_ready(self) -> None:
        while True:
            try:
                with urllib.request.urlopen(self._health, timeout=5):
                    self.ready_seconds = time.perf_counter() - self._began
                    return
            except (urllib.error.URLError, ConnectionError):
                pass
            if self._process.poll() is not None or time.perf_counter() - self._began > READY_SECONDS:
                self._said.seek(0)
                raise RuntimeError(f"{self._process.args!r} is not ready; it said:\n{self._said.read()}")
            time.sleep(ASK_SECONDS)


def free_port() -> int:
    """A port that nobody has now."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


def tree(pid: int) -> Iterator[int]:
    """The process and all that descend from it."""
    yield pid
    for task in Path(f"/proc/{pid}/task").glob("*"):
        for child in (task / "children").read_text().split():
            yield from tree(int(child))


def _ticks(pid: int) -> int:
    """Fields 14 and 15 of /proc/PID/stat; the second is a name in parentheses, which may have blanks."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def _resident(pid: int) -> int:
    found = re.search(r"^Pss:\s+(\d+) kB$", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
    assert found is not None
    return int(found[1]) * 1024
