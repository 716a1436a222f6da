"""StopMatcher: finds the first of several strings in a text that comes piece by piece."""

from __future__ import annotations

from collections.abc import Iterable


class StopMatcher:
    """Hands a text on, up to the first stop string, and never a character too many.

    The first stop is the one that ends first; of several that end there the longest. (A text that comes
    bit by bit allows no other rule: when a stop has ended, it is not known yet whether one that began
    earlier will.) A tail that may become a stop is held back until that is decided. What push and flush
    return, joined, does not depend on how the text was cut. Time is linear in the text, for each stop.
    """

    def __init__(self, stops: Iterable[str]) -> None:
        self._patterns = [Pattern(stop) for stop in stops]
        self._held = ""
        self.stopped_at: int | None = None
        """Once a stop has ended: how many characters of the last piece pushed there are up to its end."""
        self.stop = ""
        """Which stop it was."""

    def push(self, piece: str) -> str:
        """The text that is certain now. After a stop nothing more is to be pushed."""
        end, length, maybe = len(piece) + 1, 0, 0
        for pattern in self._patterns:
            found = pattern.feed(piece)
            if found is None:
                maybe = max(maybe, pattern.matched)
            elif found < end or (found == end and len(pattern.text) > length):
                end, length, self.stop = found, len(pattern.text), pattern.text
        text = self._held + piece if self._held else piece
        if length:
            self.stopped_at = end
            cut = len(text) - len(piece) + end - length
            self._held = ""
            return text[:cut]
        if not maybe:
            self._held = ""
            return text
        cut = len(text) - maybe
        self._held = text[cut:]
        return text[:cut]

    def flush(self) -> str:
        """What was held back, when the text has ended without a stop; another may follow."""
        held, self._held = self._held, ""
        for pattern in self._patterns:
            pattern.matched = 0
        return held


class Pattern:
    """One string, searched by Knuth, Morris and Pratt: no character of the text is looked at twice."""

    def __init__(self, text: str) -> None:
        if not text:
            raise ValueError("a stop string must not be empty")
        self.text = text
        self.matched = 0
        """The length of the longest prefix of the string that the text so far ends with."""
        self._borders = borders(text)

    def feed(self, piece: str) -> int | None:
        """How many characters of `piece` there are up to the end of the first match; None without one."""
        text, matched, at, size = self.text, self.matched, 0, len(piece)
        while at < size:
            if matched == 0:  # most text has nothing to do with the string: let C skip it
                at = piece.find(text[0], at)
                if at < 0:
                    break
            character = piece[at]
            while matched and text[matched] != character:
                matched = self._borders[matched - 1]
            if text[matched] == character:
                matched += 1
            at += 1
            if matched == len(text):
                return at
        self.matched = matched
        return None


def borders(text: str) -> list[int]:
    """For each prefix of `text`: the length of its longest proper prefix that it also ends with."""
    table = [0] * len(text)
    length = 0
    for at in range(1, len(text)):
        while length and text[at] != text[length]:
            length = table[length - 1]
        if text[at] == text[length]:
            length += 1
        table[at] = length
    return table
