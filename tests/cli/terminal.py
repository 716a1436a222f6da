"""A terminal with `ovpipe chat` in it."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios

from tests.cli.chat_process import Talk, command, environment

PRESSES = 5
CTRL_C, CTRL_D, UP = "\x03", "\x04", "\x1b[A"
TAKE_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""
"""Makes the terminal the one whose Ctrl-C the program gets. (Not preexec_fn: tests have threads.)"""


class Terminal(Talk):
    """Typed into, looked at. `shown` has the terminal's own commands in it; `kind` is what TERM says."""

    def __init__(self, *arguments: str, kind: str = "xterm") -> None:
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 150, 0, 0))
        process = subprocess.Popen(
            [sys.executable, "-c", TAKE_TERMINAL, *command(*arguments)],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=environment({"TERM": kind}),
            start_new_session=True,
        )
        os.close(slave)
        super().__init__(process, master, master)

    def interrupt_line(self, pattern: str) -> None:
        """Presses Ctrl-C while a line is typed, and waits for a pattern.

        Like a person it presses again when nothing happens: Python's readline misses a signal that comes
        just before it waits for a key, and sees it with the next.
        """
        for _ in range(PRESSES):
            self.say(CTRL_C)
            try:
                self.wait_for(pattern, 2)
            except TimeoutError:
                continue
            return
        raise AssertionError(f"{PRESSES} times Ctrl-C, and no {pattern!r}: {self.shown!r}")

    def close(self) -> None:
        os.close(self._out_of)
