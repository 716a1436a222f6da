"""The models a server has, by name."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Sequence

from ovpipe.errors import Finding, GraphError
from ovpipe.registry import Registry
from ovpipe.runtime.runs.graph import Graph
from ovpipe.runtime.watching.trace import Trace
from ovpipe.serving.config import ModelConfig
from ovpipe.serving.model import LoadListener, Model, ModelState
from ovpipe.serving.refusals import unknown_model

log = logging.getLogger(__name__)


class Repository:
    """Models by name, opened together and closed together."""

    def __init__(self, models: Sequence[Model]) -> None:
        self._models = {model.name: model for model in models}

    @classmethod
    def load(cls, configs: Sequence[ModelConfig], registry: Registry) -> Repository:
        """Loads and checks every model's graph; raises GraphError with the findings of all."""
        models: list[Model] = []
        findings: list[Finding] = []
        for config in configs:
            try:
                graph = Graph.load(
                    config.graph, registry=registry, parameters=config.parameters, base=config.base
                )
                models.append(Model(config.name, graph))
            except GraphError as error:
                findings += error.findings
        if findings:
            raise GraphError(list(dict.fromkeys(findings)))
        return cls(models)

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

    def states(self) -> dict[str, ModelState]:
        """Every model's state."""
        return {model.name: model.state for model in self}

    def available(self) -> list[Model]:
        """The models that take requests now."""
        return [model for model in self if model.state is ModelState.AVAILABLE]

    def all_failed(self) -> bool:
        """Whether there is nothing left to serve."""
        return all(model.state is ModelState.FAILED for model in self)

    def watch(self, trace: Trace | None, *, node_figures: bool) -> None:
        """Has the runs of all models from now on traced, and figures kept of their nodes."""
        for model in self:
            model.watch(trace, node_figures=node_figures)

    async def open(self, listener: LoadListener) -> None:
        """Opens all models at once; one that fails leaves the others alone."""
        async with asyncio.TaskGroup() as group:
            for model in self:
                group.create_task(model.open(listener), name=f"open {model.name!r}")

    async def close(self, timeout: float) -> None:
        """Closes all models at once, waiting no longer than `timeout` seconds."""
        tasks = {asyncio.create_task(model.close()): model.name for model in self}
        if not tasks:
            return
        done, late = await asyncio.wait(tasks, timeout=timeout)
        for task in late:
            task.cancel()
            log.warning("model %r did not close within %g s; it is left behind", tasks[task], timeout)
        for task in done:
            if not task.cancelled() and (error := task.exception()) is not None:
                log.error("model %r failed while closing: %r", tasks[task], error)
