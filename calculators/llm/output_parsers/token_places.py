"""TokenPlaces: with which token each character of an answer came."""

from __future__ import annotations

from collections.abc import Iterable


class TokenPlaces:
    """Finds an answer's characters again in the text that they were read from.

    A parser hands text on late, when it could have become a marker, and leaves markers out. So the content is
    sought from its end backwards in what came since the last content: each character as late as it can have
    come. It is exact but where the same character stands in what the parser left out or still holds.
    """

    def __init__(self) -> None:
        self._pieces: list[tuple[str, int]] = []
        """The text that came after the last content, by token."""

    def of(self, content: str, text: str, tokens: int) -> list[tuple[int, int]]:
        """Up to which character `content` came with how many tokens; `text` is what the last brought."""
        pieces = self._pieces
        if text:
            pieces.append((text, tokens))
        if not content:
            return []
        if len(pieces) == 1 and pieces[0][0] == content:  # most content is the token's text
            pieces.clear()
            return [(len(content), tokens)]
        index, place = len(pieces) - 1, len(pieces[-1][0]) if pieces else 0
        counts: list[int] = []
        end: tuple[int, int] | None = None
        for character in reversed(content):
            found = self._before(character, index, place)
            if found is not None:  # what the parser put in itself came with what follows it
                index, place = found
                end = end or (index, place + 1)
            counts.append(pieces[index][1] if pieces else tokens)
        if end is not None:
            rest, count = pieces[end[0]][0][end[1] :], pieces[end[0]][1]
            self._pieces = [(rest, count), *pieces[end[0] + 1 :]] if rest else pieces[end[0] + 1 :]
        return list(enumerate(reversed(counts), 1))

    def _before(self, character: str, index: int, place: int) -> tuple[int, int] | None:
        """The last place of a character before another place."""
        while index >= 0:
            found = self._pieces[index][0].rfind(character, 0, place)
            if found >= 0:
                return index, found
            index -= 1
            place = len(self._pieces[index][0]) if index >= 0 else 0
        return None


def merged(ends: Iterable[tuple[int, int]], tokens: int) -> tuple[tuple[int, int], ...]:
    """The same in as few pairs as it takes; none where everything came with the last of the tokens."""
    found: list[tuple[int, int]] = []
    for at, count in ends:
        if found and found[-1][1] == count:
            found.pop()
        found.append((at, count))
    return () if len(found) == 1 and found[0][1] == tokens else tuple(found)
