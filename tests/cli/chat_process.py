r"""`ovpipe chat` as a process of its own: a whole conversation at once, or one that is under way.

with Piped("graph.yaml") as talk:
    talk.say("Hello\n")
    talk.wait_for("Hello, ")

Leaving the block asserts that neither it nor a child of it is left.
"""

from __future__ import annotations

import contextlib
import os
import re
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.processes.fork_server import ForkedProcess, run_forked, start_forked
from tests.serving.server_process import assert_gone, descendants

PROJECT = Path(__file__).with_name("project")
TALK = str(PROJECT / "graphs" / "talk.yaml")
SECONDS = 100.0
SIGNALS = 4


def chat(
    *arguments: str, said: str = "", env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """The whole conversation, its input from a pipe. No traceback is ever shown."""
    done = run_forked(("chat", *arguments), said=said, env=environment(env), timeout=SECONDS)
    assert "Traceback" not in done.stderr, done.stderr
    return done


def command(*arguments: str) -> list[str]:
    """The command line, for what is about the start of the process."""
    return [sys.executable, "-m", "ovpipe.cli.main", "chat", *arguments]


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment, without a key that whoever runs the tests may have."""
    return {name: value for name, value in os.environ.items() if name != "OPENAI_API_KEY"} | dict(more or {})


class Talk:
    """A conversation under way. `shown` is all it wrote so far; `children` what was below it when it was spoken to."""

    def __init__(self, process: subprocess.Popen[bytes] | ForkedProcess, into: int, out_of: int) -> None:
        self.process = process
        self.children: set[int] = set()
        self._into = into
        self._out_of = out_of
        self._bytes = b""
        self._seen = 0

    @property
    def shown(self) -> str:
        """All so far."""
        return self._bytes.decode(errors="replace")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.close()
        assert_gone(self.children)

    def close(self) -> None:
        """Lets go of both ends."""
        os.close(self._into)
        os.close(self._out_of)

    def say(self, text: str) -> None:
        """Writes or types."""
        self.look_below()
        os.write(self._into, text.encode())

    def look_below(self) -> None:
        """Notes what is below it now."""
        self.children |= descendants(self.process.pid)

    def wait_for(self, pattern: str, seconds: float = SECONDS) -> str:
        """Waits until a pattern stands behind what was waited for before; returns what stands before it.

        TimeoutError when that takes too long.
        """
        end = time.monotonic() + seconds
        while True:
            rest = self.shown[self._seen :]
            if match := re.search(pattern, rest):
                self._seen += match.end()
                return rest[: match.start()]
            if time.monotonic() > end:
                raise TimeoutError(f"{pattern!r} is not in {rest!r}; all of it: {self.shown!r}")
            assert self._read(), f"it ended without {pattern!r}: {rest!r}; all of it: {self.shown!r}"

    def wait_end(self) -> int:
        """The exit code, once it has ended and all it wrote is `shown`."""
        while self._read():
            pass
        return self.process.wait(SECONDS)

    def _read(self) -> bool:
        """Reads what is there, waiting a little; False at the end."""
        if not select.select([self._out_of], [], [], 0.1)[0]:
            return True
        try:
            piece = os.read(self._out_of, 65536)
        except OSError:  # how Linux says that nobody has a terminal's other end any more
            return False
        self._bytes += piece
        return bool(piece)


class Piped(Talk):
    """With pipes."""

    def __init__(self, *arguments: str) -> None:
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  # closed with the rest
        theirs_in, into = os.pipe()
        out_of, theirs_out = os.pipe()
        process = start_forked(
            ("chat", *arguments),
            stdin=theirs_in,
            stdout=theirs_out,
            stderr=self._log.fileno(),
            env=environment(),
        )
        os.close(theirs_in)
        os.close(theirs_out)
        self._said_all = self._hung_up = False
        super().__init__(process, into, out_of)

    @property
    def log(self) -> str:
        """What it wrote on stderr."""
        self._log.seek(0)
        return self._log.read().decode()

    def say_no_more(self) -> None:
        """The input ends."""
        if not self._said_all:
            self._said_all = True
            os.close(self._into)

    def hang_up(self) -> None:
        """Nobody reads it any more."""
        if not self._hung_up:
            self._hung_up = True
            os.close(self._out_of)

    def signal(self, number: signal.Signals) -> int:
        """Sends a signal and waits for the end; the exit code.

        Again when nothing happens: Python misses one that comes just before it waits for a line.
        """
        for _ in range(SIGNALS):
            self.process.send_signal(number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                return self.process.wait(SECONDS / SIGNALS)
        raise AssertionError(f"{number!r} does not end it: {self.shown!r}")

    def wait_end(self) -> int:
        """The exit code, once it has ended for want of input or before; it never shows a traceback."""
        self.say_no_more()
        code = super().wait_end()
        assert "Traceback" not in self.log, self.log
        return code

    def close(self) -> None:
        self.say_no_more()
        self.hang_up()
        self._log.close()

    def _read(self) -> bool:
        return not self._hung_up and super()._read()
