"""Processes of `ovpipe` that need no second to import it: they are forked from one that has.

process = start_forked(["check", "chat"], stdout=pipe)

All else about them is as in a process that `python -m ovpipe.cli.main` starts: arguments, environment, folder,
files, signals, exit codes, children. What a process imports, and when, is not; tests of that start Python.
"""

from __future__ import annotations

import array
import atexit
import functools
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Final

NURSERY: Final = Path(__file__).with_name("nursery.py")


class ForkedProcess:
    """A process of `ovpipe`, in subprocess's words. It is the fork server's child, so that server waits for it."""

    def __init__(self, arguments: Sequence[str], report: int) -> None:
        self.args = ("ovpipe", *arguments)
        self.returncode: int | None = None
        self._report = os.fdopen(report, "rb", buffering=0)
        self.pid = int(self._report.readline())

    def poll(self) -> int | None:
        """The exit code, or None while it runs."""
        if self.returncode is None and select.select([self._report], [], [], 0)[0]:
            self._take_code()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """The exit code, once it has ended; TimeoutExpired when that takes longer."""
        if self.returncode is None:
            if not select.select([self._report], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(self.args, timeout or 0)
            self._take_code()
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Sends a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Ends it at once."""
        self.send_signal(signal.SIGKILL)

    def _take_code(self) -> None:
        with self._report:
            line = self._report.readline()
        assert line, "the fork server has ended before this process"
        self.returncode = int(line)


def start_forked(
    arguments: Sequence[str],
    *,
    stdin: int,
    stdout: int,
    stderr: int,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    descriptors: int | None = None,
) -> ForkedProcess:
    """Starts `ovpipe` with these arguments and files; the caller closes its ends of them.

    `descriptors` is its `ulimit -n`.
    """
    given = dict(os.environ if env is None else env)
    assert not [
        name for name in given if name.startswith("PYTHON") and given[name] != os.environ.get(name)
    ], "Python reads these when it starts; start it"
    command = {
        "arguments": list(arguments),
        "cwd": str(cwd or Path.cwd()),
        "env": given,
        "descriptors": descriptors,
    }
    report, reports = os.pipe()
    files = array.array("i", [stdin, stdout, stderr, reports])
    try:
        _fork_server().sendmsg(
            [json.dumps(command).encode()], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, files)]
        )
    finally:
        os.close(reports)
    return ForkedProcess(arguments, report)


def start_piped(
    arguments: Sequence[str],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    descriptors: int | None = None,
) -> tuple[ForkedProcess, IO[str], IO[str]]:
    """Starts `ovpipe` without input; with what it prints, and what it logs."""
    out, stdout = os.pipe()
    errors, stderr = os.pipe()
    with Path(os.devnull).open("rb") as nothing:
        process = start_forked(
            arguments,
            stdin=nothing.fileno(),
            stdout=stdout,
            stderr=stderr,
            cwd=cwd,
            env=env,
            descriptors=descriptors,
        )
    os.close(stdout)
    os.close(stderr)
    return process, os.fdopen(out), os.fdopen(errors)


def run_forked(
    arguments: Sequence[str],
    *,
    said: str = "",
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    timeout: float = 60,
) -> subprocess.CompletedProcess[str]:
    """Runs `ovpipe` to its end, as subprocess.run does. What is said to it fits into a pipe."""
    stdin, into = os.pipe()
    os.write(into, said.encode())
    os.close(into)
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        try:
            process = start_forked(
                arguments, stdin=stdin, stdout=out.fileno(), stderr=errors.fileno(), cwd=cwd, env=env
            )
        finally:
            os.close(stdin)
        try:
            code = process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise
        for file in (out, errors):
            file.seek(0)
        return subprocess.CompletedProcess(process.args, code, out.read().decode(), errors.read().decode())


@functools.cache
def _fork_server() -> socket.socket:
    """The one of this process of tests, from its first use to the end."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        server = subprocess.Popen(
            [sys.executable, "-P", str(NURSERY), str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},  # a process with threads should not fork
        )

    def end() -> None:
        ours.close()
        server.wait(30)

    atexit.register(end)
    return ours
