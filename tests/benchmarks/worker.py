"""A process that does jobs: a line of JSON in, a line out."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).parents[2]


class Process:
    """A child that is ended with its block, whatever happens."""

    def __init__(self, *command: str) -> None:
        self._popen = subprocess.Popen(
            [sys.executable, *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
        )
        self.pid = self._popen.pid

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._popen.terminate()
        try:
            self._popen.wait(30)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            self._popen.wait()

    def read(self) -> str:
        """The next line it says; raises EOFError when it has ended."""
        assert self._popen.stdout is not None
        line = self._popen.stdout.readline()
        if not line:
            raise EOFError(f"{self._popen.args!r} ended with status {self._popen.wait()}")
        return line

    def ask(self, job: dict[str, Any]) -> str:
        """Gives it a job and waits for its answer."""
        assert self._popen.stdin is not None
        self._popen.stdin.write(json.dumps(job) + "\n")
        self._popen.stdin.flush()
        return self.read()
