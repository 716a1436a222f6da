"""Screen: shows answers as they come, and lines about them."""

from __future__ import annotations

from typing import TextIO

import typer

from ovpipe.cli.chatting.answer import Called, Part, Said, Thought
from ovpipe.cli.logs import CONTROLS

ESCAPED = {code: shown for code, shown in CONTROLS.items() if chr(code) != "\n"}
"""Control characters, escaped: what a model writes must not control the terminal."""

THOUGHTS_BEGIN = "Thinking...\n"
THOUGHTS_END = "...done thinking.\n\n"


class Screen:
    """Writes to `out` and flushes. Thoughts are dim if `styled`, else they stand between two lines.

    `max_tokens` is the request's limit. A cut answer shows it when the server does not count tokens.
    """

    def __init__(self, out: TextIO, *, styled: bool = False, max_tokens: int | None = None) -> None:
        self._out = out
        self._styled = styled
        self._max_tokens = max_tokens
        self._at_line_start = True
        self._thinking = False

    def show(self, part: Part) -> None:
        """One part of an answer."""
        if isinstance(part, Thought):
            self._begin_thoughts()
            self._write(part.text, dim=True)
            return
        self._end_thoughts()
        if isinstance(part, Said):
            self._write(part.text)
        elif isinstance(part, Called):
            self.say(f"[calls {part.name}({' '.join(part.arguments.splitlines())})]")
        elif part.reason == "length":
            tokens = part.tokens or self._max_tokens
            self.say(f"[cut at {tokens} tokens]" if tokens else "[cut at the limit of tokens]")

    def end_answer(self) -> None:
        """Ends the last line and writes an empty one."""
        self._end_thoughts()
        self._end_line()
        self._write("\n")

    def say(self, line: str) -> None:
        """Writes a line about the conversation."""
        self._end_line()
        self._write(line, dim=True)
        self._write("\n")

    def leave_line(self) -> None:
        """Begins a new line after one in which the terminal itself has written, as it does for Ctrl-C."""
        self._write("\n")

    def fail(self, message: str) -> None:
        """Writes an error to stderr, in one line."""
        self._end_thoughts()
        self._end_line()
        line = " ".join(message.splitlines()).translate(ESCAPED)
        typer.secho(f"error: {line}", err=True, fg="red" if self._styled else None)

    def _begin_thoughts(self) -> None:
        if not self._thinking and not self._styled:
            self._end_line()
            self._write(THOUGHTS_BEGIN)
        self._thinking = True

    def _end_thoughts(self) -> None:
        if self._thinking:
            self._thinking = False
            self._end_line()
            self._write("\n" if self._styled else THOUGHTS_END)

    def _end_line(self) -> None:
        if not self._at_line_start:
            self._write("\n")

    def _write(self, text: str, *, dim: bool = False) -> None:
        if text:
            self._at_line_start = text.endswith("\n")
            escaped = text.translate(ESCAPED)
            typer.echo(
                typer.style(escaped, dim=True) if dim and self._styled else escaped, self._out, nl=False
            )
