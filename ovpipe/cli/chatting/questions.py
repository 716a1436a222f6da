"""Questions: the user's messages and commands, one at a time."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TextIO, TypeAlias

import typer

from ovpipe.cli.chatting.interrupts import Interrupts
from ovpipe.cli.chatting.transport import ChatError

LineSource: TypeAlias = Callable[[str], str]
"""Given a prompt, returns the next line; raises EOFError at the end."""

PROMPT = ">>> "
CONTINUED = "... "
MARK = '"""'


@dataclass(frozen=True, slots=True)
class UserInput:
    """A message, or a command: a line that begins with a slash."""

    text: str
    is_command: bool


class Questions:
    """Reads entries. The text between two marks is one message, whether it has one line or several."""

    def __init__(self, read_line: LineSource) -> None:
        self._read_line = read_line

    def next(self) -> UserInput | None:
        """The next entry that is not blank; None at the end. ChatError when a message has no closing mark."""
        while True:
            try:
                line = self._read_line(PROMPT).strip()
            except EOFError:
                return None
            if line.startswith(MARK):
                text = self._up_to_mark(line.removeprefix(MARK))
                if text.strip():
                    return UserInput(text, is_command=False)
            elif line:
                return UserInput(line, is_command=line.startswith("/"))

    def _up_to_mark(self, line: str) -> str:
        lines = []
        while not line.endswith(MARK):
            lines.append(line)
            try:
                line = self._read_line(CONTINUED).rstrip()
            except EOFError:
                raise ChatError(f"the message that begins with {MARK} has no {MARK} at its end") from None
        return "\n".join([*lines, line.removesuffix(MARK)]).strip("\n")


class TerminalLines:
    """Lines from a terminal, with readline's editing and history where the system has readline.

    Raises KeyboardInterrupt for Ctrl-C, and EOFError for Ctrl-D.
    """

    def __init__(self, interrupts: Interrupts) -> None:
        self._interrupts = interrupts
        # After this import input() uses readline. Windows has none; its terminals edit lines themselves.
        with contextlib.suppress(ImportError):
            importlib.import_module("readline")

    def __call__(self, prompt: str) -> str:
        """One line."""
        with self._interrupts.raised():
            return input(prompt)


class FileLines:
    """Lines from a file or a pipe. It echoes them after the prompt, so that `out` becomes a transcript.

    The transcript leaves out empty lines between messages.
    """

    def __init__(self, lines: TextIO, out: TextIO, interrupts: Interrupts) -> None:
        self._lines = lines
        self._out = out
        self._interrupts = interrupts

    def __call__(self, prompt: str) -> str:
        """One line."""
        typed = self._lines.isatty()
        if typed:  # the terminal shows typed lines itself
            typer.echo(prompt, self._out, nl=False)
        with self._interrupts.raised():
            line = self._lines.readline()
        if not line:
            raise EOFError
        if not typed and (line.strip() or prompt != PROMPT):
            typer.echo(f"{prompt}{line.rstrip()}", self._out)
        return line
