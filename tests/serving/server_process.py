"""The real server, as a process of its own: started, watched, asked, stopped.

with ServerProcess("chat", "--set", "models_path=...") as server:
    server.wait_ready()
    urllib.request.urlopen(server.url + "/v1/models")

Leaving the block stops it by SIGTERM and asserts that neither it nor a child of it is left.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Self, TypeVar

from tests.processes.fork_server import start_piped

T = TypeVar("T")

START_SECONDS = 60.0
READY_SECONDS = 120.0
STOP_SECONDS = 40.0
LISTENS = re.compile(r"listens on (https?://\S+)")


class ServerProcess:
    """`ovpipe serve` with some arguments; a free port is chosen unless they name one.

    `descriptors` is its `ulimit -n`.
    `lines` is what it printed, `log` what it logged, both while it runs.
    """

    def __init__(
        self,
        *arguments: str,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        descriptors: int | None = None,
    ) -> None:
        port = () if "--port" in arguments else ("--port", "0")
        self.lines: list[str] = []
        self.log: list[str] = []
        self.url = ""
        self._process, out, errors = start_piped(
            ["serve", *arguments, *port],
            cwd=cwd,
            env={**os.environ, **(env or {})},
            descriptors=descriptors,
        )
        self._readers = [_collect(out, self.lines), _collect(errors, self.log)]

    @property
    def pid(self) -> int:
        """The server's process."""
        return self._process.pid

    @property
    def port(self) -> int:
        """The port of `url`."""
        return int(self.url.rpartition(":")[2])

    def output(self) -> str:
        """All it has printed and logged so far."""
        return "\n".join([*self.lines, *self.log])

    def __enter__(self) -> Self:
        try:
            self.url = self.wait_line(LISTENS, START_SECONDS)[1]
        except BaseException:  # a test's timeout, too, leaves no server behind
            self.kill()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.stop()
        else:
            self.kill()

    def wait_line(self, pattern: str | re.Pattern[str], timeout: float = 60.0) -> re.Match[str]:
        """The first match among the printed and logged lines, once there is one."""

        def found() -> re.Match[str] | None:
            matches = (re.search(pattern, line) for line in [*self.lines, *self.log])
            return next((match for match in matches if match is not None), None)

        return self._until(found, timeout, f"no line matches {pattern!r}")

    def wait_ready(self, timeout: float = READY_SECONDS) -> None:
        """Waits until every model is ready; fails as soon as one has failed."""

        def ready() -> bool:
            assert not any(": failed to load" in line for line in self.lines), self.output()
            loading = sum(": loading (graph" in line for line in self.lines)
            return loading > 0 and sum(": ready after" in line for line in self.lines) == loading

        self._until(ready, timeout, "the models are not ready")

    def signal(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Sends the server a signal."""
        self._process.send_signal(number)

    def wait_end(self, timeout: float = STOP_SECONDS) -> int:
        """The exit code, once it has ended."""
        code = self._process.wait(timeout)
        for reader in self._readers:
            reader.join(timeout)
        return code

    def children(self) -> set[int]:
        """All processes below the server."""
        return descendants(self.pid)

    def stop(self, timeout: float = STOP_SECONDS) -> int:
        """Stops the server by SIGTERM, asserts that no process is left, and gives the exit code."""
        children = self.children()
        if self._process.poll() is None:
            self.signal()
        try:
            code = self.wait_end(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"the server did not stop within {timeout} s:\n{self.output()}") from None
        assert_gone(children)
        return code

    def kill(self) -> None:
        """Ends the server at once, whatever it does."""
        if self._process.poll() is None:
            self._process.kill()
        self.wait_end()

    def _until(self, look: Callable[[], T | None], timeout: float, otherwise: str) -> T:
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            ended = self._process.poll() is not None
            if found := look():
                return found
            if ended and not any(reader.is_alive() for reader in self._readers):
                raise AssertionError(f"{otherwise}, and the server has ended:\n{self.output()}")
            time.sleep(0.01)  # a bounded poll of what another process prints
        raise AssertionError(f"{otherwise} after {timeout} s:\n{self.output()}")


def assert_gone(pids: set[int], timeout: float = 30.0) -> None:
    """Asserts that none of these processes is left, or that they are all about to go."""
    end = time.monotonic() + timeout
    while alive := {pid for pid in pids if _state(pid) not in ("", "Z")}:
        assert time.monotonic() < end, f"orphans are left: {alive}"
        time.sleep(0.01)  # a bounded poll of the process table


def _collect(stream: IO[str], lines: list[str]) -> threading.Thread:
    def read() -> None:
        with stream:
            for line in stream:
                lines.append(line.rstrip("\n"))

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    return thread


def descendants(pid: int) -> set[int]:
    """All processes below a process."""
    parents = {int(entry.name): _parent(int(entry.name)) for entry in Path("/proc").glob("[0-9]*")}
    below: set[int] = set()
    new = {pid}
    while new:
        new = {child for child, parent in parents.items() if parent in new}
        below |= new
    return below


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat after the command's name; none when the process is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def _state(pid: int) -> str:
    return (_stat(pid) or [""])[0]


def _parent(pid: int) -> int:
    fields = _stat(pid)
    return int(fields[1]) if fields else 0
