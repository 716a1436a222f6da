"""Sets of characters, and how rules write them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

LAST: Final = 0x10FFFF
SURROGATES: Final = (0xD800, 0xDFFF)
_PLAIN: Final = frozenset(map(ord, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_ "))


class Characters(msgspec.Struct, frozen=True):
    """A set of characters: ranges of code points, first and last, in order and apart from each other."""

    ranges: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, ranges: Iterable[tuple[int, int]]) -> Characters:
        """From ranges in any order, which may overlap."""
        merged: list[tuple[int, int]] = []
        for first, last in sorted(ranges):
            if merged and first <= merged[-1][1] + 1:
                merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
            else:
                merged.append((first, last))
        return cls(tuple(merged))

    @classmethod
    def named(cls, text: str) -> Characters:
        """Those of a text."""
        return cls.of((ord(character), ord(character)) for character in text)

    def __or__(self, other: Characters) -> Characters:
        if not self.ranges or not other.ranges:
            return self if self.ranges else other
        return Characters.of((*self.ranges, *other.ranges))

    def __and__(self, other: Characters) -> Characters:
        return Characters.of(
            (max(first, start), min(last, end))
            for first, last in self.ranges
            for start, end in other.ranges
            if max(first, start) <= min(last, end)
        )

    def __contains__(self, code: int) -> bool:
        return any(first <= code <= last for first, last in self.ranges)

    def __bool__(self) -> bool:
        return bool(self.ranges)

    def others(self) -> Characters:
        """All that are not in it. Halves of surrogate pairs are no characters and in no set's others."""
        taken = Characters.of((*self.ranges, SURROGATES))
        starts = (0, *(last + 1 for _, last in taken.ranges))
        ends = (*(first - 1 for first, _ in taken.ranges), LAST)
        return Characters(
            tuple((first, last) for first, last in zip(starts, ends, strict=True) if first <= last)
        )

    def rule(self) -> str:
        """As a class of EBNF, which is never a negated one.

        The library's negated classes hold ASCII alone: with others they leave some in, or end its process.
        They take bytes that are no UTF-8, too.
        """
        return f"[{self.members()}]"

    def members(self) -> str:
        """What stands between the brackets of a class."""
        return "".join(
            escaped(first) if first == last else f"{escaped(first)}-{escaped(last)}"
            for first, last in self.ranges
        )


def escaped(code: int) -> str:
    """A character inside a literal or a class. Only letters and digits of ASCII, _ and the space are bare."""
    return chr(code) if code in _PLAIN else f"\\U{code:08x}"


ALL: Final = Characters(()).others()
