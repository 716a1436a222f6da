"""The models a server has, by name."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ovpipe.graph.place import Findings
from ovpipe.registry import Registry
from ovpipe.runtime.watching.trace import Trace
from ovpipe.serving.config import ModelConfig, ResourceConfig
from ovpipe.serving.models.model import Model, ModelState
from ovpipe.serving.models.opening import LoadListener
from ovpipe.serving.models.resource import Resource
from ovpipe.serving.models.sharing import check_used, load_model, load_resources
from ovpipe.serving.refusals import unknown_model, unknown_variant

log = logging.getLogger(__name__)


class Repository:
    """Models by name, and the resources they share, opened together and closed together."""

    def __init__(self, models: Sequence[Model], resources: Sequence[Resource] = ()) -> None:
        self._models = {model.name: model for model in models}
        self._resources = {resource.name: resource for resource in resources}

    @classmethod
    def load(
        cls, configs: Sequence[ModelConfig], registry: Registry, resources: Sequence[ResourceConfig] = ()
    ) -> Repository:
        """Loads and checks all graphs; raises GraphError with the findings of all. Nothing opens yet."""
        findings = Findings()
        shared = load_resources(resources, registry, findings)
        served = [load_model(config, shared, registry, findings) for config in configs]
        check_used(resources, configs, findings)
        findings.check()
        return cls([Model(one) for one in served if one is not None], list(shared.values()))

    def __iter__(self) -> Iterator[Model]:
        return iter(self._models.values())

    def __len__(self) -> int:
        return len(self._models)

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
        model.ready_graph()
        variants = model.variants()
        if variant not in variants:
            raise unknown_variant(base, variants)
        return model, variant

    def states(self) -> dict[str, ModelState]:
        """Every model's state."""
        return {model.name: model.state for model in self}

    def available(self) -> list[Model]:
        """The models that take requests now."""
        return [model for model in self if model.state is ModelState.AVAILABLE]

    def all_failed(self) -> bool:
        """Whether there is nothing left to serve."""
        return all(model.state is ModelState.FAILED for model in self)

    def watch(self, trace: Trace | None, *, node_metrics: bool) -> None:
        """Traces the runs of all models that start from now on, and keeps metrics of their nodes."""
        for model in self:
            model.served.watch(trace, node_metrics=node_metrics)

    def side_packets(self) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
        """Whose side packets are there: "model" or "resource", its name, and what its own nodes made."""
        for resource in self._resources.values():
            yield "resource", resource.name, resource.side_packets
        for model in self.available():
            yield "model", model.name, model.own_side_packets()

    async def open(self, listener: LoadListener) -> None:
        """Opens all at once, each model after its resources; what fails leaves the others alone."""
        async with asyncio.TaskGroup() as group:
            for model in self:
                group.create_task(model.open(listener), name=f"open {model.title}")

    async def close(self, timeout: float) -> None:
        """Closes all models, then what they share, waiting no longer than `timeout` seconds for each.

        A model's runs get half of its time: one that hangs must not cost its engine an orderly end.
        """
        await _close(list(self), timeout)
        await _close(list(self._resources.values()), timeout)


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
