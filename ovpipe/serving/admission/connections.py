"""Connections: how many clients may be connected at once, and who has to leave."""

from __future__ import annotations

from typing import Protocol


class Closable(Protocol):
    """What `Connections` knows of a connection."""

    def force_close(self) -> None:
        """Closes it now."""


class Connections:
    """The open connections of a server, within a limit that leaves it descriptors of its own.

    When all places are taken, a new connection gets that of the one that has been idle longest, as in nginx:
    one that waits for its first request, or for another one. Where each one is busy with a request, there
    are `spare` places more: they are for the server's own routes, so that it can still be asked how it is.
    """

    def __init__(self, places: int, spare: int) -> None:
        self.places = places
        self._spare = spare
        self._open: dict[Closable, None] = {}
        self._idle: dict[Closable, None] = {}
        """In the order in which they became idle."""
        self._in_spare: set[Closable] = set()

    def __len__(self) -> int:
        return len(self._open)

    def is_spare(self, connection: Closable) -> bool:
        """Whether it has one of the spare places."""
        return connection in self._in_spare

    def opened(self, connection: Closable) -> None:
        """A new one, which is idle until its first request. Another one, or it, may be closed for it."""
        if len(self._open) >= self.places and self._idle:
            self._close(next(iter(self._idle)))
        if len(self._open) >= self.places + self._spare:
            connection.force_close()
            return
        if len(self._open) >= self.places:
            self._in_spare.add(connection)
        self._open[connection] = self._idle[connection] = None

    def busy(self, connection: Closable) -> None:
        """It has sent a request."""
        self._idle.pop(connection, None)

    def idle(self, connection: Closable) -> None:
        """Its request is answered, and it has sent no other one."""
        if connection in self._open:
            self._idle.pop(connection, None)
            self._idle[connection] = None

    def closed(self, connection: Closable) -> None:
        """It is gone."""
        self._open.pop(connection, None)
        self._idle.pop(connection, None)
        self._in_spare.discard(connection)

    def _close(self, connection: Closable) -> None:
        self.closed(connection)
        connection.force_close()
