"""A served model: the generations of its graph under one name, and whether it can take requests."""

from __future__ import annotations

import asyncio
import enum
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn, TypeAlias

from ovpipe.runtime.runs.graph import Graph
from ovpipe.serving.limits import Limits
from ovpipe.serving.models.generations import Generations, Lease, ModelGeneration
from ovpipe.serving.models.opening import LoadListener
from ovpipe.serving.models.served_graph import ServedGraph
from ovpipe.serving.models.snapshot import GenerationSnapshot, ModelSnapshot
from ovpipe.serving.openapi.parts import Json
from ovpipe.serving.refusals import model_failed, model_loading, model_replaced, unknown_model
from ovpipe.serving.routes.declared import DeclaredRoute

log = logging.getLogger(__name__)

GraphLease: TypeAlias = Lease[ServedGraph]


class ModelState(enum.StrEnum):
    """Where a model stands."""

    LOADING = "loading"
    AVAILABLE = "available"
    RECOVERING = "recovering"
    """It is open, and a part of it is down for now: its engine is started again."""
    FAILED = "failed"


class Model:
    """One model. Its first generation loads; others come when its declaration changes.

    `reason` says why the latest generation has failed, if it has; it is for operators' eyes. `on_change` is
    called whenever another graph serves.
    """

    def __init__(
        self, served: ServedGraph, limits: Limits | None = None, on_change: Callable[[], None] = lambda: None
    ) -> None:
        self.name = served.name
        self.reason = ""
        self.created = int(time.time())
        self._limits = limits or Limits()
        self._on_change = on_change
        self._declared = served
        self._removed = False
        self._generations: Generations[ServedGraph] = Generations()
        self._generations.begin(served)
        self._opening: asyncio.Task[None] | None = None
        self._ending: set[asyncio.Task[None]] = set()

    @property
    def title(self) -> str:
        """What the log calls it."""
        return f"model {self.name}"

    @property
    def state(self) -> ModelState:
        """Where it stands."""
        if self._generations.current is not None:
            return ModelState.AVAILABLE
        return ModelState.FAILED if self._generations.next is None else ModelState.LOADING

    @property
    def served(self) -> ServedGraph:
        """What serves; as long as nothing does, what shall."""
        current = self._generations.current
        return self._declared if current is None else current.served

    @property
    def routes(self) -> Sequence[DeclaredRoute]:
        """By which requests reach it."""
        return self.served.routes

    @property
    def fragment(self) -> Json:
        """What its graph's nodes say of its HTTP, for OpenAPI."""
        return self.served.fragment

    @property
    def resources(self) -> frozenset[str]:
        """The names of the resources whose side packets its graph takes."""
        return self.served.resources

    # --- requests

    def lease(self) -> GraphLease:
        """A use of the graph that serves, for one request; RequestError 503 as long as there is none."""
        lease = self._generations.lease()
        if lease is None:
            self._refuse()
        return lease

    def ready_graph(self) -> Graph:
        """The open graph, to look at; RequestError 503 as long as there is none."""
        if self._generations.current is None:
            self._refuse()
        return self._generations.current.served.graph

    def _refuse(self) -> NoReturn:
        if self._removed:
            raise unknown_model(())
        raise model_failed(self.name) if self.state is ModelState.FAILED else model_loading(self.name)

    def state_now(self) -> ModelState:
        """Its state, by what its side packets say: one whose `is_up` is False cannot serve at the moment."""
        if self.state is not ModelState.AVAILABLE:
            return self.state
        packets = self.ready_graph().side_packets.values()
        up = all(getattr(packet, "is_up", None) is not False for packet in packets)
        return ModelState.AVAILABLE if up else ModelState.RECOVERING

    def own_side_packets(self) -> Mapping[str, Any]:
        """The side packets of the open graph that are not shared with other models."""
        return self.served.own_side_packets()

    def variants(self) -> list[str]:
        """What it can be asked for as `model:variant`."""
        return self.served.variants()

    def snapshot(self) -> ModelSnapshot:
        """How it is now."""
        return ModelSnapshot(
            name=self.name,
            state=self.state,
            reason=self.reason,
            graph=self.served.plan.file,
            resources=tuple(sorted(self.resources)),
            generations=tuple(
                GenerationSnapshot(one.number, one.state, one.leases) for one in self._generations
            ),
        )

    # --- change

    def serves(self, served: ServedGraph) -> bool:
        """Whether such a graph serves already, or loads, so that none has to be opened for it."""
        here = (self._generations.current, self._generations.next)
        return any(one is not None and one.served.is_like(served) for one in here)

    def keep(self, served: ServedGraph) -> None:
        """Such a graph serves, or loads: whatever else loads is given up, what has failed is forgotten."""
        loading = self._generations.next
        if loading is not None and not loading.served.is_like(served):
            self._give_up()
            loading = None
        self._declared = self.served if loading is None else loading.served
        self.reason = ""

    def rename(self, name: str) -> None:
        """It has another name from now on."""
        self.name = name
        for generation in self._generations:
            generation.served.rename(name)
        self._declared.rename(name)

    def change(self, served: ServedGraph) -> None:
        """Its next generation is to open, beside the one that serves, and in place of one that loads."""
        self._declared = served
        self._give_up()
        self._generations.begin(served)

    def start(self, listener: LoadListener) -> asyncio.Task[None]:
        """Opens the generation that loads, in a task that never fails."""
        generation = self._generations.next
        assert generation is not None, "nothing loads"
        self._opening = asyncio.create_task(self._open(generation, listener), name=f"open {self.title}")
        return self._opening

    def remove(self) -> None:
        """It takes no more requests; those it has may end."""
        self._removed = True
        self._give_up()
        self._retire()

    @property
    def is_over(self) -> bool:
        """Whether nothing of it is left."""
        return not self._ending and not list(self._generations)

    async def ended(self) -> None:
        """Waits until all generations that drain have closed."""
        while self._ending:
            await asyncio.wait(self._ending)

    async def close(self, run_seconds: float) -> None:
        """Closes its graphs, and with them what is left of their runs, each waited for no longer than this.

        Resources stay open: others may use them.
        """
        tasks = {*self._ending, *([] if self._opening is None else [self._opening])}
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        for generation in list(self._generations):
            await generation.served.close(run_seconds)

    async def _open(self, generation: ModelGeneration[ServedGraph], listener: LoadListener) -> None:
        reason = await generation.served.open(listener)
        if reason:
            self.reason = reason
            self._generations.failed(generation)
            if self._generations.current is not None:
                log.error("%s: its next generation failed to load; the one before serves on", self.title)
            return
        former = self._generations.current
        self.reason = ""
        self._generations.opened(generation)
        if former is not None:
            self._end(former)
        self._on_change()

    def _give_up(self) -> None:
        """What loads is cancelled: it closes what it has opened by itself."""
        if self._opening is not None:
            self._opening.cancel()
            self._keep_until_over(self._opening)
            self._opening = None
        loading = self._generations.next
        if loading is not None:
            self._generations.failed(loading)

    def _retire(self) -> None:
        retired = self._generations.retire()
        if retired is not None:
            self._end(retired)
            self._on_change()

    def _end(self, generation: ModelGeneration[ServedGraph]) -> None:
        closing = self._drain_and_close(generation)
        self._keep_until_over(asyncio.create_task(closing, name=f"end {self.title}"))

    def _keep_until_over(self, task: asyncio.Task[None]) -> None:
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    async def _drain_and_close(self, generation: ModelGeneration[ServedGraph]) -> None:
        drained = asyncio.Event()
        generation.when_drained(drained.set)
        limits = self._limits
        if not await _within(drained, limits.reload_drain_seconds):
            log.warning(
                "%s: %d requests of generation %d, which no longer serves, have not ended within %g s; they "
                "are ended now",
                self.title,
                generation.leases,
                generation.number,
                limits.reload_drain_seconds,
            )
            generation.revoke(model_replaced(self.name))
            await _within(drained, 2 * limits.run_close_seconds)
        try:
            async with asyncio.timeout(limits.graph_close_seconds):
                await generation.served.close(limits.graph_close_seconds / 2)
        except TimeoutError:
            log.warning(
                "%s did not close within %g s; it is left behind", self.title, limits.graph_close_seconds
            )
        await generation.served.release_resources()
        self._generations.closed(generation)


async def _within(event: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True
