"""Endings: the generations of one model that no longer serve drain, and close."""

from __future__ import annotations

import asyncio
import logging

from ovpipe.serving.limits import Limits
from ovpipe.serving.models.generations import Generations, ModelGeneration
from ovpipe.serving.models.served_model import ServedModel
from ovpipe.serving.refusals import model_replaced

log = logging.getLogger(__name__)


class Endings:
    """The tasks of generations that drain, and of openings that were given up."""

    def __init__(self, generations: Generations[ServedModel], limits: Limits) -> None:
        self._generations = generations
        self.limits = limits
        self._tasks: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._tasks)

    def begin(self, generation: ModelGeneration[ServedModel]) -> None:
        """A generation drains, within its limit, and closes."""
        closing = self._drain_and_close(generation)
        self.keep(asyncio.create_task(closing, name=f"end {generation.served.title}"))

    def keep(self, task: asyncio.Task[None]) -> None:
        """Something of the model ends in a task of its own."""
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def wait(self) -> None:
        """Waits until all have ended."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def cancel(self) -> None:
        """Stops them where they are: what is open is left to who asks for this."""
        for task in self._tasks:
            task.cancel()
        await self.wait()

    async def _drain_and_close(self, generation: ModelGeneration[ServedModel]) -> None:
        drained = asyncio.Event()
        generation.when_drained(drained.set)
        title, limits = generation.served.title, self.limits
        if not await _within(drained, limits.reload_drain_seconds):
            log.warning(
                "%s: %d requests of generation %d, which no longer serves, have not ended within %g s; they "
                "are ended now",
                title,
                generation.leases,
                generation.number,
                limits.reload_drain_seconds,
            )
            generation.revoke(model_replaced(generation.served.name))
            await _within(drained, 2 * limits.run_close_seconds)
        await generation.served.release(limits.graph_close_seconds)
        self._generations.closed(generation)


async def _within(event: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True
