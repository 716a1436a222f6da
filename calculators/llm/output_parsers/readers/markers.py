"""Markers: the strings that a format is made of, searched in a text that comes piece by piece."""

from __future__ import annotations

import re


class Markers:
    """Several strings, none of them part of another."""

    def __init__(self, *markers: str) -> None:
        for marker in markers:
            if any(marker in other for other in markers if other is not marker):
                raise ValueError(f"the marker {marker!r} is part of another one")
        self.all = markers
        self.longest = max(map(len, markers), default=0)
        self.pattern = re.compile("|".join(map(re.escape, markers)) or r"(?!)")
        beginnings = {marker[:length] for marker in markers for length in range(1, len(marker))}
        self._beginning = re.compile(
            rf"(?:{'|'.join(map(re.escape, sorted(beginnings)))})\Z" if beginnings else r"(?!)"
        )

    def find(self, text: str, at: int) -> re.Match[str] | None:
        """The first marker from `at` on."""
        return self.pattern.search(text, at)

    def cut(self, text: str, at: int, shown: int) -> int:
        """Where a text is to end that breaks off: before the marker amid which it does, if it clearly does.

        The first `shown` characters of a marker may be anything, and so may the first words of a sentence.
        """
        start = self.certain(text, at)
        begun = text[start:]
        for marker in self.all:
            if marker.startswith(begun):
                words = marker[0].isalpha()
                if 2 * len(begun) > len(marker) and " " in begun if words else len(begun) > shown:
                    return start
        return len(text)

    def certain(self, text: str, at: int) -> int:
        """Up to where a text without a marker is certain: its tail may be the start of one."""
        # The match that begins first is the longest tail, so the least that is certain.
        match = self._beginning.search(text, max(at, len(text) - self.longest + 1))
        return len(text) if match is None else match.start()
