"""SeenPhrases: what followed the last tokens of a text when they stood in it before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

MOST_PLACES: Final = 256
"""How many of the places where the last tokens stood are looked at, the latest first."""


class SeenPhrases:
    """A text that grows, with an index by its n-grams: where each token and each pair of tokens stood last.

    From there the places before are chained. So a step costs by what it adds, and not by the whole text.
    """

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self._tokens: list[int] = []
        self._latest: dict[int | tuple[int, int], int] = {}
        """By a token, or a pair: the place of its last token, where it stood last before the text's end."""
        self._before: list[int | None] = []
        """By a place: the latest place before it where the same pair stood."""

    def follow(self, history: Sequence[int], length: int, token: int) -> None:
        """The text is now the first `length` tokens of `history`, and one more; it may have some already."""
        known = len(self._tokens)
        if known > length or (known and history[known - 1] != self._tokens[-1]):
            self._begin()  # another text: it is read anew
            known = 0
        for one in (*history[known:length], token):
            self._add(one)

    def drafts(self, count: int, longest: int) -> tuple[int, ...]:
        """`count` tokens that may follow; none where the last token was not there before.

        The last tokens are looked for further ahead, as many of them as are found, up to `longest`; of
        several places the last one counts. From there the text is copied. A copy that reaches the text's end
        goes on with what it has copied: so of a text that goes round in a circle the next round is guessed.
        """
        place = self._place(longest) if count > 0 and longest > 0 else None
        if place is None:
            return ()
        period = len(self._tokens) - 1 - place
        return tuple(self._tokens[place + 1 + at % period] for at in range(count))

    def _add(self, token: int) -> None:
        """The tokens that were last get into the index: only now they stand before the text's end."""
        place = len(self._tokens) - 1
        if place >= 0:
            self._latest[self._tokens[place]] = place
        if place >= 1:
            pair = (self._tokens[place - 1], self._tokens[place])
            self._before.append(self._latest.get(pair))
            self._latest[pair] = place
        elif place == 0:
            self._before.append(None)
        self._tokens.append(token)

    def _place(self, longest: int) -> int | None:
        """Where the longest of the phrases that end the text ended before."""
        best = self._latest.get(self._tokens[-1])
        length = 1
        if longest < 2 or len(self._tokens) < 2:
            return best
        for place in self._places_of_the_pair():
            common = self._common(place, longest)
            if common > length:
                best, length = place, common
            if length == longest:
                break
        return best

    def _places_of_the_pair(self) -> Iterator[int]:
        """Where the last two tokens stood before, the latest first."""
        place = self._latest.get((self._tokens[-2], self._tokens[-1]))
        for _ in range(MOST_PLACES):
            if place is None:
                return
            yield place
            place = self._before[place]

    def _common(self, place: int, longest: int) -> int:
        """How many of the last tokens stand before a place and at it, as far as it matters."""
        text, last, length = self._tokens, len(self._tokens) - 1, 2
        while length < longest and length <= place and text[place - length] == text[last - length]:
            length += 1
        return length
