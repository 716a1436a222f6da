"""Beginnings: requests that may run begin one after the other, each in its own turn of the event loop."""

from __future__ import annotations

import asyncio
from collections import deque


class Beginnings:
    """Lets one request begin in each turn of the event loop.

    A batch that ends lets as many begin as have ended. The first work for each (its nodes are made, its
    prompt is rendered and tokenised) takes a millisecond or more: all in one turn, they would keep the loop
    for a tenth of a second, and whoever comes meanwhile would wait so long for no more than a refusal.
    """

    def __init__(self) -> None:
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._taken = False
        """Whether one has begun in this turn."""

    async def turn(self) -> None:
        """Returns at once, if no other has begun in this turn of the loop; else in one of the next."""
        loop = asyncio.get_running_loop()
        if self._taken:
            waiting = loop.create_future()
            self._waiting.append(waiting)
            await waiting
        else:
            self._taken = True
            loop.call_soon(self._next)

    def _next(self) -> None:
        """The next turn of the loop: the one that has waited longest begins."""
        while self._waiting:
            first = self._waiting.popleft()
            if not first.done():  # it would be, if its client had left
                first.set_result(None)
                asyncio.get_running_loop().call_soon(self._next)
                return
        self._taken = False
