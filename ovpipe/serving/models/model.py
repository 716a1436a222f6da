"""A served model: the generations of its graphs under one name, and whether it can take requests."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NoReturn, TypeAlias

from ovpipe.serving.models.generations import GenerationState, Lease
from ovpipe.serving.models.model_life import ModelLife
from ovpipe.serving.models.model_state import ModelState
from ovpipe.serving.models.opening import LoadListener
from ovpipe.serving.models.served_graph import ServedGraph
from ovpipe.serving.models.served_model import ServedModel
from ovpipe.serving.models.snapshot import GenerationSnapshot, ModelSnapshot
from ovpipe.serving.refusals import (
    model_failed,
    model_loading,
    no_room_for_model,
    unknown_model,
)
from ovpipe.serving.routes.declared import DeclaredRoute

__all__ = ["Model", "ModelLease", "ModelState"]

RETRY_SECONDS = 30.0
"""After how long a model is tried again that was unloaded and could not be loaded for a request."""

log = logging.getLogger(__name__)

ModelLease: TypeAlias = Lease[ServedModel]


class Model(ModelLife):
    """One model, as requests and pages see it."""

    @property
    def routes(self) -> Sequence[DeclaredRoute]:
        """By which requests reach it."""
        return self.served.routes

    @property
    def resources(self) -> frozenset[str]:
        """The names of the resources whose side packets its graphs take."""
        return self.served.resources

    def lease(self) -> ModelLease:
        """A use of the graphs that serve, for one request; RequestError 503 as long as there are none."""
        lease = self._generations.lease()
        if lease is None:
            self._refuse()
        self._touch()
        lease.on_release = self._touch
        return lease

    async def loaded(self, listener: LoadListener) -> None:
        """Loads it if it was unloaded, and waits for that. RequestError 503 when that takes too long."""
        if not self._unloaded:
            return
        self.load(listener)
        try:
            async with asyncio.timeout(self._limits.load_wait_seconds):
                while self._opening is not None and not self._opening.done():
                    await asyncio.wait([self._opening])  # a reload may give it up, and open another
        except TimeoutError:
            raise model_loading(self.name) from None

    def load(self, listener: LoadListener) -> None:
        """Begins to load it if it was unloaded. One that could not be loaded is tried again after a while."""
        if not self._unloaded or self._generations.next is not None:
            return
        if self.reason and self._clock() - self._failed_at < RETRY_SECONDS:
            raise model_failed(self.name)
        self._generations.begin(self._declared.again())
        self.start(listener)

    def unload_idle(self) -> None:
        """Unloads it if nobody has used it for as long as its residence says."""
        idle = self._residence.idle_unload
        if idle is not None and self._clock() - self.last_used >= idle:
            self.unload(f"nobody has used it for {idle:g} s")

    def ready(self) -> ServedModel:
        """What serves, to look at; RequestError 503 as long as nothing does."""
        if self._generations.current is None:
            self._refuse()
        return self._generations.current.served

    def draining(self) -> Iterator[tuple[int, Sequence[ServedGraph]]]:
        """The numbers of the generations that drain, and the graphs that none that serves uses on."""
        current = self._generations.current
        serving = set(map(id, () if current is None else current.served.graphs))
        for one in self._generations:
            if one.state is GenerationState.DRAINING:
                yield one.number, [graph for graph in one.served.graphs if id(graph) not in serving]

    def _refuse(self) -> NoReturn:
        if self._removed:
            raise unknown_model(())
        if self.state is ModelState.UNLOADED and not self.reason:
            raise no_room_for_model(self.name)
        failed = self._generations.next is None and bool(self.reason)
        raise model_failed(self.name) if failed else model_loading(self.name)

    @property
    def is_unloaded(self) -> bool:
        """Whether a request waits until it is loaded again."""
        return self._unloaded

    @property
    def takes_requests(self) -> bool:
        """Whether a request is served, if need be once it is loaded again."""
        return self.state.is_ready

    def state_now(self) -> ModelState:
        """Its state, by what its side packets say: one whose `is_up` is False cannot serve at the moment."""
        if self.state is not ModelState.AVAILABLE:
            return self.state
        packets = self.ready().side_packets().values()
        up = all(getattr(packet, "is_up", None) is not False for packet in packets)
        return ModelState.AVAILABLE if up else ModelState.RECOVERING

    def own_side_packets(self) -> Mapping[str, Any]:
        """The side packets of the open graphs that are not shared with other models."""
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
            graphs=tuple(graph.plan.file for graph in self.served.graphs),
            resources=tuple(sorted(self.resources)),
            generations=tuple(
                GenerationSnapshot(one.number, one.state, one.leases) for one in self._generations
            ),
        )
