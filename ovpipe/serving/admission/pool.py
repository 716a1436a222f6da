"""Pool: a number of places that clients share, so that none of them can take all."""

from __future__ import annotations

import sys


class Pool:
    """`size` places (requests, bytes), of which a client alone gets about the part `share`.

    What one client may hold falls as the free places do: share / (1 - share) for each that is left. So one
    client alone stops at its share, two that want everything get the same, and there is always room for
    one who comes new. Switches divide their buffers so (dynamic thresholds, Choudhury and Hahne 1998): nobody
    has to be evicted, and nothing has to know who will come. A client that holds nothing needs no more than
    the room itself. With a share of 1 the first to come gets all.
    """

    def __init__(self, size: int, share: float = 1.0) -> None:
        self.size = size
        self.taken = 0
        self._share = share
        self._held: dict[str, int] = {}

    def resize(self, size: int, share: float) -> None:
        """Other numbers from now on. Who holds more than they allow keeps it, and gets nothing more."""
        self.size = size
        self._share = share

    def held_by(self, client: str) -> int:
        """What a client holds now."""
        return self._held.get(client, 0)

    def has_room(self, amount: int = 1) -> bool:
        """Whether so much is free."""
        return self.taken + amount <= self.size

    def take(self, client: str, amount: int = 1) -> bool:
        """Takes so much for a client; False, and nothing is taken, when it may not have it."""
        if not self.allows(client, amount):
            return False
        self.taken += amount
        self._held[client] = self.held_by(client) + amount
        return True

    def give_back(self, client: str, amount: int = 1) -> None:
        """What `take` has given."""
        self.taken -= amount
        left = self._held[client] - amount
        if left:
            self._held[client] = left
        else:
            del self._held[client]

    def allows(self, client: str, amount: int = 1) -> bool:
        """Whether a client may have so much more."""
        if not self.has_room(amount):
            return False
        held = self.held_by(client)
        left = self.size - self.taken - amount
        return not held or (held + amount) * (1 - self._share) <= self._share * left


def size_of(limit: int | None) -> int:
    """A pool's size by a limit; None: there is none."""
    return sys.maxsize if limit is None else limit
