"""FollowedText: a text that follows a grammar, token by token."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llguidance import LLMatcher


class FollowedText:
    """A matcher, and the tokens that it has taken. All of it follows from a grammar and a text.

    So it may be thrown away at any time, and made anew from the text.
    """

    def __init__(self, matcher: LLMatcher, forbidden: Sequence[int] = (), *, grammar: bytes = b"") -> None:
        """By a copy of a matcher that has taken nothing; `forbidden` are in no text of its grammar.

        `grammar` is what the grammar is known by.
        """
        self.grammar = grammar
        self.matcher = matcher.deep_copy()
        self.forbidden = list(forbidden)
        self._tokens: list[int] = []

    def go_to(self, text: Sequence[int]) -> bool:
        """Takes what it has not taken of this text. Returns whether the grammar allows the text."""
        known = len(self._tokens)
        if list(text[:known]) != self._tokens:
            self.matcher.reset()
            known, self._tokens = 0, []
        new = list(text[known:])
        taken = self.matcher.try_consume_tokens(new) if new else 0
        self._tokens += new[:taken]
        return taken == len(new)

    @property
    def fact(self) -> str:
        """What is wrong with the matcher; empty where nothing is."""
        return self.matcher.get_error().partition("\n")[0]
