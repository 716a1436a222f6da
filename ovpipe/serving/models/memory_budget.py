"""MemoryBudget: what all models hold stays below a limit; those that nobody uses make room for others."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol, TypeAlias

from ovpipe.serving.models.resource import Resource

log = logging.getLogger(__name__)


class Occupant(Protocol):
    """A model, as the budget sees it."""

    last_used: float

    @property
    def title(self) -> str:
        """What the log calls it."""

    @property
    def may_displace(self) -> bool:
        """Whether others are unloaded for what it opens."""

    def held(self) -> int:
        """The bytes that its open generations hold by themselves."""

    def needed(self) -> int:
        """The bytes that the generation will hold which is to open, with resources that are not open."""

    def can_unload(self) -> bool:
        """Whether nobody uses it and it need not stay."""

    def unload(self, why: str) -> bool:
        """Unloads it."""

    async def ended(self) -> None:
        """Waits until it has closed."""


Room: TypeAlias = AbstractAsyncContextManager[bool, bool | None]


class MemoryBudget:
    """The limit in bytes, None without one, and what is promised to models that open just now."""

    def __init__(
        self,
        limit: int | None,
        models: Callable[[], Iterable[Occupant]],
        resources: Callable[[], Iterable[Resource]],
    ) -> None:
        self.limit = limit
        self._models = models
        self._resources = resources
        self._promised: dict[object, int] = {}
        """To each that opens just now."""
        self._turn = asyncio.Lock()

    def held(self) -> int:
        """What is taken, or promised."""
        models = sum(one.held() for one in self._models())
        resources = sum(one.held() for one in self._resources())
        return models + resources + sum(self._promised.values())

    @asynccontextmanager
    async def room_for(self, model: Occupant) -> AsyncIterator[bool]:
        """Makes room for what the model is about to open in this block, and says whether there is enough.

        Models that nobody uses are unloaded for it, the one first that was used longest ago; not for one that
        nobody asks for, as at the start.
        """
        if self.limit is None:
            yield True
            return
        async with self._turn:
            needed = model.needed()
            fits = await self._free(self.limit, model, needed)
            promise = object()
            self._promised[promise] = needed
        try:
            yield fits
        finally:
            del self._promised[promise]

    async def _free(self, limit: int, model: Occupant, needed: int) -> bool:
        while (held := self.held()) + needed > limit:
            idle = [one for one in self._models() if one is not model and one.can_unload()]
            if not held:
                log.warning(
                    "%s alone needs %d MiB, more than the memory budget of %d MiB; it is loaded all the same",
                    model.title,
                    needed >> 20,
                    limit >> 20,
                )
                return True
            if not idle or not model.may_displace:
                return False
            victim = min(idle, key=lambda one: one.last_used)
            victim.unload(f"{model.title} needs its memory")
            await victim.ended()
        return True
