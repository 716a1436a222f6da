"""TextBuffer: the text of one output as it comes, with what of it is special tokens."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Sequence
from typing import NamedTuple

Span = tuple[int, int]


class Piece(NamedTuple):
    """Some text; `specials` are the spans of it that are special tokens, in order."""

    text: str
    specials: tuple[Span, ...] = ()


class TextBuffer:
    """The text that is not read yet: `text[at:]`.

    Readers leave no more unread than the longest marker, so a push costs what it brings.
    """

    def __init__(self) -> None:
        self.text = ""
        self.at = 0
        self.closed = False
        """Whether no more text will come."""
        self.end = ""
        """The token that ended the sequence, as text."""
        self._specials: deque[Span] = deque()

    def push(self, text: str, specials: Sequence[Span] = ()) -> None:
        """Adds the next piece."""
        if self.at:
            self._specials = deque((start - self.at, end - self.at) for start, end in self._specials)
            self.text = self.text[self.at :]
            self.at = 0
        offset = len(self.text)
        self._specials.extend(
            (offset + start, offset + min(end, len(text)))
            for start, end in specials
            if start < min(end, len(text))  # a node may have cut the text
        )
        self.text += text

    def close(self, end: str = "") -> None:
        """Says that the text is over."""
        self.closed = True
        self.end = end

    @property
    def empty(self) -> bool:
        """Whether everything that came is read."""
        return self.at == len(self.text)

    def take(self, to: int) -> Piece:
        """Reads up to the index `to` of `text`."""
        start, self.at = self.at, to
        text = self.text[start:to]
        if not self._specials or self._specials[0][0] >= to:
            return Piece(text)
        specials = []
        while self._specials and self._specials[0][0] < to:
            first, last = self._specials.popleft()
            specials.append((first - start, min(last, to) - start))
            if last > to:
                self._specials.appendleft((to, last))
                break
        return Piece(text, tuple(specials))

    def back(self, piece: Piece) -> None:
        """Puts what was read last before what is not read yet."""
        moved = len(piece.text) - self.at
        rest = [(start + moved, end + moved) for start, end in self._specials]
        self._specials = deque([*piece.specials, *rest])
        self.text, self.at = piece.text + self.text[self.at :], 0


def join(pieces: Iterable[Piece]) -> Piece:
    """The pieces as one."""
    texts: list[str] = []
    specials: list[Span] = []
    offset = 0
    for piece in pieces:
        texts.append(piece.text)
        specials.extend((offset + start, offset + end) for start, end in piece.specials)
        offset += len(piece.text)
    return Piece("".join(texts), tuple(specials))


def plain(piece: Piece, kept: re.Pattern[str] | None = None) -> str:
    """The text without its special tokens, but for those that `kept` matches."""
    if not piece.specials:
        return piece.text
    out, at = [], 0
    for start, end in runs(piece.specials):
        out.append(piece.text[at:start])
        if kept is not None:
            out.extend(kept.findall(piece.text[start:end]))
        at = end
    out.append(piece.text[at:])
    return "".join(out)


def runs(specials: Sequence[Span]) -> list[Span]:
    """The spans, with those that touch made one: a cut inside a special token leaves no trace."""
    merged: list[Span] = []
    for start, end in specials:
        if merged and merged[-1][1] >= start:
            merged[-1] = (merged[-1][0], end)
        else:
            merged.append((start, end))
    return merged
