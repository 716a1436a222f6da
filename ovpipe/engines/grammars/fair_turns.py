"""FairTurns: one thing at a time, and the clients one after the other."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class FairTurns:
    """Of those who wait, each client's first has its turn before another client's second.

    So nobody waits behind all that one client has brought. Within a client, first come, first served.
    """

    def __init__(self) -> None:
        self._lines: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()
        """Who waits, by client; the client served longest ago first. No line is empty."""
        self._taken = False
        self._latest = ""
        """The client that has, or had, the latest turn."""

    @asynccontextmanager
    async def turn(self, client: str) -> AsyncIterator[None]:
        """Waits for a turn of this client's, and gives it back."""
        await self._take(client)
        try:
            yield
        finally:
            self._pass_on()

    async def _take(self, client: str) -> None:
        if not self._taken:
            self._taken, self._latest = True, client
            return
        given = asyncio.get_running_loop().create_future()
        self._lines.setdefault(client, deque()).append(given)
        try:
            await given
        except asyncio.CancelledError:
            if not given.cancelled():  # it was given just now
                self._pass_on()
            raise

    def _pass_on(self) -> None:
        while self._lines:
            if self._latest in self._lines:  # who came meanwhile stands behind its next one, and goes first
                self._lines.move_to_end(self._latest)
            client, line = self._lines.popitem(last=False)
            while line and line[0].cancelled():  # who has left stays in line until here
                line.popleft()
            if not line:
                continue
            given = line.popleft()
            if line:
                self._lines[client] = line
            self._latest = client
            given.set_result(None)
            return
        self._taken = False
