"""The life of a model: its generations open, take over from each other, drain and close."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import nullcontext
from contextvars import Context

from ovpipe.serving.limits import Limits
from ovpipe.serving.models.endings import Endings
from ovpipe.serving.models.generations import Generations, ModelGeneration
from ovpipe.serving.models.memory_budget import Room
from ovpipe.serving.models.model_state import ModelState
from ovpipe.serving.models.opening import LoadListener
from ovpipe.serving.models.served_model import ServedModel

log = logging.getLogger(__name__)


class ModelLife:
    """One model's generations. The first loads; others come when the model's declaration changes.

    `reason` says why the latest generation has failed, if it has; it is for operators' eyes. `on_change` is
    called whenever another graph serves, or none. `room_for` makes room for what opens.
    """

    def __init__(
        self,
        served: ServedModel,
        limits: Limits | None = None,
        on_change: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
        room_for: Callable[[ModelLife], Room] = lambda _: nullcontext(True),
    ) -> None:
        self.name = served.name
        self.reason = ""
        self.created = int(time.time())
        self._limits = limits or Limits()
        self._on_change = on_change
        self._clock = clock
        self._room_for = room_for
        self.last_used = clock()
        self._declared = served
        self._residence = served.residence
        self._removed = False
        self._unloaded = False
        self._failed_at = clock()
        self._generations: Generations[ServedModel] = Generations()
        self._generations.begin(served)
        self._opening: asyncio.Task[None] | None = None
        self._endings = Endings(self._generations, self._limits)

    @property
    def title(self) -> str:
        """What the log calls it."""
        return f"model {self.name}"

    def take_limits(self, limits: Limits) -> None:
        """Other limits hold from now on."""
        self._limits = self._endings.limits = limits

    @property
    def state(self) -> ModelState:
        """Where it stands."""
        if self._generations.current is not None:
            return ModelState.AVAILABLE
        if self._generations.next is not None:
            return ModelState.LOADING
        return ModelState.UNLOADED if self._unloaded else ModelState.FAILED

    @property
    def served(self) -> ServedModel:
        """What serves; as long as nothing does, what shall."""
        current = self._generations.current
        return self._declared if current is None else current.served

    def can_unload(self) -> bool:
        """Whether no request uses it, it is not pinned, and no other generation loads."""
        current = self._generations.current
        busy = current is None or current.leases or self._generations.next is not None
        return not busy and not self._residence.pinned

    def unload(self, why: str) -> bool:
        """Unloads it, if it can be."""
        current = self._generations.current
        if current is None or not self.can_unload():
            return False
        log.info("%s: unloaded, since %s; the next request loads it again", self.title, why)
        self._declared = current.served
        self._unloaded = True
        self._retire()
        return True

    def _touch(self) -> None:
        self.last_used = self._clock()

    @property
    def may_displace(self) -> bool:
        """Whether others are unloaded for what it opens: it serves, or somebody asks for it."""
        return self._unloaded or self._generations.current is not None

    def held(self) -> int:
        """The bytes that the graphs of its open generations hold by themselves."""
        loading = self._generations.next
        serving = [one.served for one in self._generations if one is not loading]
        return sum(graph.held() for graph in {graph for served in serving for graph in served.graphs})

    def needed(self) -> int:
        """The bytes that opening the generation will take which is to open, with its closed resources."""
        loading, current = self._generations.next, self._generations.current
        return 0 if loading is None else loading.served.growth(None if current is None else current.served)

    def serves(self, served: ServedModel) -> bool:
        """Whether such graphs serve already, or load, so that none has to be opened for them."""
        here = (self._generations.current, self._generations.next)
        if self._unloaded and self._declared.is_like(served):
            return True
        return any(one is not None and one.served.is_like(served) for one in here)

    def keep(self, served: ServedModel) -> None:
        """Such graphs serve, load or are unloaded: whatever else loads is given up, what has failed is
        forgotten.
        """
        self._residence = served.residence
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

    def change(self, served: ServedModel) -> bool:
        """Its next generation is to open, beside the one that serves, and in place of one that loads.

        Graphs that serve and are declared as before go over to it, open as they are. False: the model is
        unloaded, and stays so until somebody asks for it.
        """
        current = self._generations.current
        self._declared = served if current is None else served.reusing(current.served)
        self._residence = served.residence
        if self.state is ModelState.UNLOADED:
            self.reason = ""
            return False
        self._give_up()
        self._generations.begin(self._declared)
        return True

    def start(self, listener: LoadListener) -> asyncio.Task[None]:
        """Opens the generation that loads, in a task that never fails."""
        generation = self._generations.next
        assert generation is not None, "nothing loads"
        # The context is not that of a request which asks for it: what it starts outlives the request.
        self._opening = asyncio.create_task(
            self._open(generation, listener), name=f"open {self.title}", context=Context()
        )
        return self._opening

    def remove(self) -> None:
        """It takes no more requests; those it has may end."""
        self._removed = True
        self._give_up()
        self._retire()

    @property
    def is_over(self) -> bool:
        """Whether nothing of it is left."""
        return not self._endings and not list(self._generations)

    async def ended(self) -> None:
        """Waits until all generations that drain have closed."""
        await self._endings.wait()

    async def close(self, run_seconds: float) -> None:
        """Closes its graphs, and with them what is left of their runs, each waited for no longer than this.

        Resources stay open: others may use them.
        """
        if self._opening is not None:
            self._endings.keep(self._opening)
        await self._endings.cancel()
        for generation in list(self._generations):
            await generation.served.close(run_seconds)

    async def _open(self, generation: ModelGeneration[ServedModel], listener: LoadListener) -> None:
        async with self._room_for(self) as fits:
            former = self._generations.current
            if not fits and former is None:
                self._postpone(generation, listener)
                return
            if not fits:
                log.warning(
                    "%s: the memory budget has no room for two generations: the old one drains first, and "
                    "requests get 503 until the next is open",
                    self.title,
                )
                self._retire()
                await self.ended()
            reason = await generation.served.open(listener)
            if not reason:
                self._opened(generation)
                return
            self._failed(generation, reason)
            if not fits and former is not None:  # which serves no more
                again = self._generations.begin(former.served.again())
                worse = await again.served.open(listener)
                if worse:
                    self._generations.failed(again)
                else:
                    self._opened(again)
                    self.reason = reason

    def _postpone(self, generation: ModelGeneration[ServedModel], listener: LoadListener) -> None:
        """There is no room for it: it loads for the first request for which there is."""
        self._generations.failed(generation)
        self._unloaded = True
        listener.failed(self.title, "the memory budget has no room for it now; a request for it tries again")

    def _opened(self, generation: ModelGeneration[ServedModel]) -> None:
        former = self._generations.current
        self.reason = ""
        self._unloaded = False
        self._generations.opened(generation)
        self._touch()
        if former is not None:
            self._endings.begin(former)
        self._on_change()

    def _failed(self, generation: ModelGeneration[ServedModel], reason: str) -> None:
        self.reason = reason
        self._failed_at = self._clock()
        self._generations.failed(generation)
        if self._generations.current is not None:
            log.error("%s: its next generation failed to load; the one before serves on", self.title)

    def _give_up(self) -> None:
        """What loads is cancelled: it closes what it has opened by itself."""
        if self._opening is not None:
            self._opening.cancel()
            self._endings.keep(self._opening)
            self._opening = None
        loading = self._generations.next
        if loading is not None:
            self._generations.failed(loading)

    def _retire(self) -> None:
        retired = self._generations.retire()
        if retired is not None:
            self._endings.begin(retired)
            self._on_change()
