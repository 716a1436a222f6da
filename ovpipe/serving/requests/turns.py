"""Turns: long work on the event loop, a slice at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from typing import TypeVar

T = TypeVar("T")


class Turns:
    """Runs generators that yield after each slice of their work, by turns: one slice a turn of the loop.

    However many there are, the loop is never kept for more than one slice, and the first to come do not keep
    the others waiting until they have ended.
    """

    def __init__(self) -> None:
        self._lock = asyncio.Lock()

    async def run(self, work: Generator[None, None, T]) -> T:
        """What the work returns."""
        while True:
            async with self._lock:
                try:
                    next(work)
                except StopIteration as end:
                    value: T = end.value
                    return value
                await asyncio.sleep(0)  # with the lock, so that the next slice is in another turn
