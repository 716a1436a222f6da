"""KeysDone: the keys of one stream that its consumers need no more."""

from __future__ import annotations

from collections.abc import Hashable


class KeysDone:
    """Which keys of one stream which of its consumers are done with."""

    __slots__ = ("done", "said")

    def __init__(self) -> None:
        self.said: dict[Hashable, set[int]] = {}
        """By key that some still need: the consumers that do not, each known by its queue."""
        self.done: set[Hashable] = set()
        """The keys that no consumer needs."""
