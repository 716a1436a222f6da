"""TextReader: reads a text that comes piece by piece as if it were all there."""

from __future__ import annotations

import re
from collections.abc import Generator
from typing import ClassVar, TypeVar

from ovpipe.calculators.llm.output_parsers.readers.json_scanner import JsonScanner
from ovpipe.calculators.llm.output_parsers.readers.markers import Markers
from ovpipe.calculators.llm.output_parsers.readers.pieces import Piece, TextBuffer, join

T = TypeVar("T")
Steps = Generator[None, None, T]
"""A part of reading. It yields where it needs more text and returns what it has read."""

SPACE = re.compile(r"\s*")
WORD = re.compile(r"""[^\s\[\](){}<>"'`,;=]*""")


class TextReader:
    """The verbs of reading. None of them depends on how the text was cut, so neither does what uses them.

    What a verb reads is kept in `raw` too, for the case that it turns out to mean nothing.
    """

    markers: ClassVar[Markers] = Markers()

    def __init__(self) -> None:
        self.buffer = TextBuffer()
        self.raw: list[Piece] = []

    @property
    def ended(self) -> bool:
        """Whether the text is over and read."""
        return self.buffer.closed and self.buffer.empty

    def close(self, end: str, *, shown: int | None) -> None:
        """Says that the text is over, by the token `end`, or cut; as `OutputParser.finish`."""
        if shown is not None and not end:
            self.buffer.text = self.buffer.text[
                : self.all_markers.cut(self.buffer.text, self.buffer.at, shown)
            ]
        self.buffer.close(end)

    @property
    def all_markers(self) -> Markers:
        """The markers that are looked for."""
        return self.markers

    def read(self, to: int) -> str:
        """Reads up to an index of the buffer's text."""
        piece = self.buffer.take(to)
        self.raw.append(piece)
        return piece.text

    def until(self, *ends: str) -> Steps[tuple[str, str]]:
        """The text before the first of some of the markers, and which it was; "" if the text ended first."""
        buffer, pieces = self.buffer, []
        while True:
            match = self.markers.find(buffer.text, buffer.at)
            if match is not None:
                pieces.append(self.read(match.start()))
                marker = self.read(match.end())
                if marker in ends:
                    return "".join(pieces), marker
                pieces.append(marker)
                continue
            certain = len(buffer.text) if buffer.closed else self.markers.certain(buffer.text, buffer.at)
            pieces.append(self.read(certain))
            if buffer.closed:
                return "".join(pieces), ""
            yield

    def ahead(self, *options: str) -> Steps[str]:
        """Which of some strings comes next, without reading it; "" if none does."""
        buffer = self.buffer
        while True:
            for option in options:
                if buffer.text.startswith(option, buffer.at):
                    return option
            rest = buffer.text[buffer.at : buffer.at + max(map(len, options))]
            if buffer.closed or not any(option.startswith(rest) for option in options):
                return ""
            yield

    def accept(self, *options: str) -> Steps[str]:
        """Reads the one of some strings that comes next; "" if none does."""
        found = yield from self.ahead(*options)
        if found:
            self.read(self.buffer.at + len(found))
        return found

    def accept_end(self, marker: str) -> Steps[bool]:
        """Reads a closing marker; the end of the text, even in the middle of the marker, will do as well."""
        if (yield from self.accept(marker)):
            return True
        buffer = self.buffer
        if buffer.closed and marker.startswith(buffer.text[buffer.at :]):
            self.read(len(buffer.text))
            return True
        return False

    def matching(self, pattern: re.Pattern[str]) -> Steps[str]:
        """Reads as much as matches; the pattern is of the form [...]*, so that a cut does not matter."""
        buffer, pieces = self.buffer, []
        while True:
            match = pattern.match(buffer.text, buffer.at)
            assert match is not None
            if match.end() > buffer.at:
                pieces.append(self.read(match.end()))
            if buffer.closed or not buffer.empty:
                return "".join(pieces)
            yield

    def blank(self) -> Steps[str]:
        """Reads white space."""
        return (yield from self.matching(SPACE))

    def word(self) -> Steps[str]:
        """Reads what can be the name of a function."""
        return (yield from self.matching(WORD))

    def call_list(self) -> Steps[str]:
        """Reads the start of `[f(x=...` or `[f()...`; "" if that is not what comes."""
        begun = yield from self.accept("[")
        if not begun:
            return ""
        begun += yield from self.blank()
        name = yield from self.word()
        bracket = yield from self.accept("(")
        if not name or not bracket:
            return ""
        begun += name + bracket + (yield from self.blank())
        key = yield from self.word()
        space = yield from self.blank()
        mark = yield from self.ahead("=" if key else ")")
        return begun + key + space if mark else ""

    def json(self, opening: str, begun: str = "") -> Steps[str]:
        """Reads a JSON value that begins with `opening`, { or [; "" if there is none or it is broken.

        `begun` is the start of it that has been read before.
        """
        if not begun and not (yield from self.ahead(opening)):
            return ""
        scanner, buffer = JsonScanner(), self.buffer
        scanner.feed(begun)
        pieces = [begun]
        while not (scanner.whole or scanner.broken):
            if buffer.empty:
                if buffer.closed:
                    return ""
                yield
                continue
            pieces.append(self.read(scanner.feed(buffer.text, buffer.at)))
        return "".join(pieces) if scanner.whole else ""

    def whole_object(self) -> Steps[str]:
        """Reads a JSON object, whatever markers it holds; "" if none comes: then nothing of it is read."""
        read = len(self.raw)
        found = yield from self.json("{")
        if not found:
            self.unread(read)
        return found

    def unread(self, pieces: int) -> None:
        """Makes what was read unread, but for the first so many pieces."""
        self.buffer.back(join(self.raw[pieces:]))
        del self.raw[pieces:]
