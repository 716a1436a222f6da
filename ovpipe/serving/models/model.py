"""A served model: the generations of its graph under one name, and whether it can take requests."""

from __future__ import annotations

import enum
import time
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from ovpipe.runtime.runs.graph import Graph
from ovpipe.serving.models.generations import Generations, Lease
from ovpipe.serving.models.opening import LoadListener
from ovpipe.serving.models.served_graph import ServedGraph
from ovpipe.serving.openapi.parts import Json
from ovpipe.serving.refusals import model_failed, model_loading
from ovpipe.serving.routes.declared import DeclaredRoute

GraphLease: TypeAlias = Lease[ServedGraph]


class ModelState(enum.StrEnum):
    """Where a model stands."""

    LOADING = "loading"
    AVAILABLE = "available"
    FAILED = "failed"


class Model:
    """One model, whose first generation loads. `reason` says why the latest one has failed, if it has; it is
    for operators' eyes.
    """

    def __init__(self, served: ServedGraph) -> None:
        self.name = served.name
        self.title = served.title
        self.reason = ""
        self.created = int(time.time())
        self._declared = served
        self._generations: Generations[ServedGraph] = Generations()
        self._generations.begin(served)

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

    def lease(self) -> GraphLease:
        """A use of the graph that serves, for one request; RequestError 503 as long as there is none."""
        lease = self._generations.lease()
        if lease is None:
            raise model_loading(self.name) if self.state is ModelState.LOADING else model_failed(self.name)
        return lease

    def ready_graph(self) -> Graph:
        """The open graph, to look at; RequestError 503 as long as there is none."""
        current = self._generations.current
        if current is None:
            raise model_loading(self.name) if self.state is ModelState.LOADING else model_failed(self.name)
        return current.served.graph

    def own_side_packets(self) -> Mapping[str, Any]:
        """The side packets of the open graph that are not shared with other models."""
        return self.served.own_side_packets()

    def variants(self) -> list[str]:
        """What it can be asked for as `model:variant`."""
        return self.served.variants()

    async def open(self, listener: LoadListener) -> None:
        """Opens the generation that loads. A failure becomes the model's `reason` and is not raised."""
        generation = self._generations.next
        assert generation is not None, "nothing loads"
        self.reason = await generation.served.open(listener)
        if self.reason:
            self._generations.failed(generation)
        else:
            self._generations.opened(generation)

    async def close(self, run_seconds: float) -> None:
        """Closes its graphs, and with them what is left of their runs, each waited for no longer than this.

        Resources stay open: others may use them.
        """
        for generation in list(self._generations):
            await generation.served.close(run_seconds)
