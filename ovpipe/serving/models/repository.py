"""The models a server has, by name."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ovpipe.errors import GraphError
from ovpipe.graph.plan import Plan
from ovpipe.registry import Registry
from ovpipe.runtime.watching.trace import Trace
from ovpipe.serving.config import ModelConfig, ResourceConfig
from ovpipe.serving.limits import Limits
from ovpipe.serving.models.change import Change, changes_between
from ovpipe.serving.models.declared import Declared
from ovpipe.serving.models.memory_budget import MemoryBudget
from ovpipe.serving.models.model import Model, ModelLease
from ovpipe.serving.models.model_state import ModelState
from ovpipe.serving.models.opening import LoadListener
from ovpipe.serving.models.resource import Resource
from ovpipe.serving.models.served_graph import ServedGraph
from ovpipe.serving.models.served_model import ServedModel
from ovpipe.serving.models.snapshot import RepositorySnapshot
from ovpipe.serving.refusals import unknown_model, unknown_variant
from ovpipe.serving.routes.table import RouteTable

log = logging.getLogger(__name__)


class Repository:
    """Models by name, and the resources they share: opened together, changed together, closed together.

    `table` has the routes of all. It is a value: it is replaced as a whole whenever another graph serves.
    """

    def __init__(
        self,
        declared: Declared,
        limits: Limits | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._listener: LoadListener | None = None
        self.table = declared.table
        self._budget = MemoryBudget(
            declared.memory_bytes,
            lambda: [*self, *self._leaving],
            lambda: [*self._resources.values(), *self._left_resources],
        )
        self.limits = limits or Limits()
        """Those in force."""
        self._models = {one.name: self._model(one) for one in declared.served}
        self._resources = {resource.name: resource for resource in declared.resources}
        self._leaving: list[Model] = []
        self._left_resources: list[Resource] = []
        self._trace: Trace | None = None
        self._node_metrics = False

    @classmethod
    def load(
        cls,
        configs: Sequence[ModelConfig],
        registry: Registry,
        resources: Sequence[ResourceConfig] = (),
        limits: Limits | None = None,
        memory_bytes: int | None = None,
    ) -> Repository:
        """Loads and checks all graphs; raises GraphError with the findings of all. Nothing opens yet."""
        declared = Declared.load(configs, resources, registry, memory_bytes=memory_bytes)
        return cls(declared, limits)

    def __iter__(self) -> Iterator[Model]:
        return iter(self._models.values())

    def __len__(self) -> int:
        return len(self._models)

    @property
    def resources(self) -> Mapping[str, Resource]:
        """What the models share, by name."""
        return self._resources

    def plans(self) -> list[Plan]:
        """The plans of all graphs as they were last read; may be asked from another thread."""
        models = [graph.plan for model in list(self._models.values()) for graph in model.served.graphs]
        return [*models, *(resource.plan for resource in list(self._resources.values()))]

    def find(self, name: str) -> Model:
        """The model of that name, in whatever state; RequestError 404 names those there are."""
        try:
            return self._models[name]
        except KeyError:
            raise unknown_model(self._models) from None

    def resolve(self, name: str) -> tuple[Model, str | None]:
        """The model of that name; or, of `model:variant`, the model and its variant.

        RequestError 404 names the models there are, or the variants; 503 while the model is not there to ask.
        """
        base, colon, variant = name.rpartition(":")
        if name in self._models or not colon or base not in self._models:
            return self.find(name), None
        model = self._models[base]
        if self._listener is not None:
            model.load(self._listener)  # the variants of one that is unloaded are not known
        model.ready()
        variants = model.variants()
        if variant not in variants:
            raise unknown_variant(base, variants)
        return model, variant

    async def lease(self, model: Model) -> ModelLease:
        """A use of the model's graphs, which load again for it where they were unloaded; RequestError 503
        as long as there are none.
        """
        await self.loaded(model)
        return model.lease()

    async def loaded(self, model: Model) -> None:
        """Loads a model that was unloaded, and waits for that within the limits."""
        if self._listener is not None:
            await model.loaded(self._listener)

    def unload_idle(self) -> None:
        """Unloads the models that nobody has used for long enough."""
        for model in self:
            model.unload_idle()

    def states(self) -> dict[str, ModelState]:
        """Every model's state."""
        return {model.name: model.state_now() for model in self}

    def available(self) -> list[Model]:
        """The models that take requests now."""
        return [model for model in self if model.state is ModelState.AVAILABLE]

    def all_failed(self) -> bool:
        """Whether there is nothing left to serve."""
        return all(model.state is ModelState.FAILED for model in self)

    def snapshot(self) -> RepositorySnapshot:
        """How all are now."""
        self._forget_ended()
        return RepositorySnapshot(
            models=tuple(model.snapshot() for model in self),
            leaving=tuple(model.snapshot() for model in self._leaving),
            resources=tuple(one.snapshot() for one in [*self._resources.values(), *self._left_resources]),
        )

    def watch(self, trace: Trace | None, *, node_metrics: bool) -> None:
        """Traces the runs of all models that start from now on, and keeps metrics of their nodes."""
        self._trace, self._node_metrics = trace, node_metrics
        for model in self:
            model.served.watch(trace, node_metrics=node_metrics)

    def side_packets(self) -> Iterator[tuple[Mapping[str, str], Mapping[str, Any]]]:
        """Whose side packets are there, as labels of metrics, and what its own nodes made."""
        for resource in self._resources.values():
            yield {"resource": resource.name}, resource.side_packets
        for model in self.available():
            yield {"model": model.name}, model.own_side_packets()
        for labels, graph in self.draining():
            yield labels, graph.own_side_packets()

    def graphs(self) -> Iterator[tuple[Mapping[str, str], ServedGraph]]:
        """The graphs that requests are in, with the labels of their metrics."""
        for model in self.available():
            for graph in model.ready().graphs:
                yield {"model": model.name}, graph
        yield from self.draining()

    def draining(self) -> Iterator[tuple[Mapping[str, str], ServedGraph]]:
        """The graphs of generations that drain, those of models that are gone, too."""
        seen = set()
        for model in [*self, *self._leaving]:
            for number, graphs in model.draining():
                if (model.name, number) not in seen:  # one that is gone may have come back under its name
                    seen.add((model.name, number))
                    labels = {"model": model.name, "generation": str(number)}
                    yield from ((labels, graph) for graph in graphs)

    async def open(self, listener: LoadListener) -> None:
        """Opens all at once, each model after its resources; what fails leaves the others alone."""
        self._listener = listener
        opening = [model.start(listener) for model in self]
        if opening:
            await asyncio.wait(opening)

    def change(self, declared: Declared, listener: LoadListener) -> tuple[Change, list[asyncio.Task[None]]]:
        """Serves what is declared now: says what changes, and gives the tasks that open it.

        A model that is declared as before goes on. One that changed gets its next generation, which opens
        beside the one that serves. One that is gone takes no more requests, and ends those it has.
        """
        self._forget_ended()
        self._budget.limit = declared.memory_bytes
        change = changes_between(list(self), declared)
        models: dict[str, Model] = {}
        opening: list[Model] = []
        for served in declared.served:
            before = self._models.get(change.renamed.get(served.name, served.name))
            if before is None:
                opening.append(self._model(served))
                models[served.name] = opening[-1]
                served.watch(self._trace, node_metrics=self._node_metrics)
                continue
            models[served.name] = before
            if served.name in change.replaced:
                served.watch(self._trace, node_metrics=self._node_metrics)
                if before.change(served):
                    opening.append(before)
            elif served.name in change.renamed:
                before.rename(served.name)
                before.keep(served)
            else:
                before.keep(served)
        gone = [self._models[name] for name in change.removed]
        self._models = models
        kept = set(declared.resources)
        self._left_resources += [one for one in self._resources.values() if one not in kept]
        self._resources = {one.name: one for one in declared.resources}
        for model in gone:
            self._leaving.append(model)
            model.remove()
        self._refresh_table()
        return change, [model.start(listener) for model in opening]

    def take_limits(self, limits: Limits) -> None:
        """Other limits hold from now on, also for what drains already."""
        self.limits = limits
        for model in (*self, *self._leaving):
            model.take_limits(limits)

    async def ended(self) -> None:
        """Waits until every generation that drains has closed."""
        for model in [*self, *self._leaving]:
            await model.ended()

    async def close(self, timeout: float) -> None:
        """Closes all models, then what they share, waiting no longer than `timeout` seconds for each.

        A model's runs get half of its time: one that hangs must not cost its engine an orderly end.
        """
        await _close([*self, *self._leaving], timeout)
        await _close([*self._resources.values(), *self._left_resources], timeout)

    def _model(self, served: ServedModel) -> Model:
        return Model(served, self.limits, self._refresh_table, self._clock, self._budget.room_for)

    def _refresh_table(self) -> None:
        """The routes of what serves now. They may contradict each other while one of two models that have
        changed still loads, or has failed to; then the routes stay as they were.
        """
        try:
            self.table = RouteTable.of(self)
        except GraphError as error:
            log.warning("the routes stay as they were, for now: %s", error)

    def _forget_ended(self) -> None:
        self._leaving = [model for model in self._leaving if not model.is_over]
        self._left_resources = [one for one in self._left_resources if one.users]


async def _close(loaded: Sequence[Model | Resource], timeout: float) -> None:
    tasks = {asyncio.create_task(one.close(timeout / 2)): one.title for one in loaded}
    if not tasks:
        return
    done, late = await asyncio.wait(tasks, timeout=timeout)
    for task in late:
        task.cancel()
        log.warning("%s did not close within %g s; it is left behind", tasks[task], timeout)
    for task in done:
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("%s failed while closing: %r", tasks[task], error)
