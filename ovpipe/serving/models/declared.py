"""Declared: the models and resources of a configuration, checked together. Nothing of it is open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from ovpipe.graph.place import Findings
from ovpipe.graph.plan import Plan
from ovpipe.registry import Registry
from ovpipe.serving.config import ModelConfig, ResourceConfig
from ovpipe.serving.models.model_graphs import load_model
from ovpipe.serving.models.resource import Resource
from ovpipe.serving.models.served_model import ServedModel
from ovpipe.serving.models.sharing import check_used, load_resources
from ovpipe.serving.routes.table import RouteTable


@dataclass(frozen=True, slots=True)
class Declared:
    """What a server shall serve: every graph is right, and their routes go together."""

    served: tuple[ServedModel, ...]
    resources: tuple[Resource, ...]
    table: RouteTable
    memory_bytes: int | None = None
    """What all models may hold together."""

    def plans(self) -> list[Plan]:
        """Those of all graphs."""
        models = [graph.plan for model in self.served for graph in model.graphs]
        return [*models, *(resource.plan for resource in self.resources)]

    @classmethod
    def load(
        cls,
        models: Sequence[ModelConfig],
        resources: Sequence[ResourceConfig],
        registry: Registry,
        open_resources: Mapping[str, Resource] = MappingProxyType({}),
        memory_bytes: int | None = None,
    ) -> Declared:
        """Loads and checks all graphs; raises GraphError with the findings of all.

        Of `open_resources` those are taken on that are declared as before.
        """
        findings = Findings()
        shared = load_resources(resources, registry, findings)
        for name, resource in shared.items():
            before = open_resources.get(name)
            if before is not None and before.is_like(resource):
                shared[name] = before
        served = [load_model(config, shared, registry, findings) for config in models]
        check_used(resources, models, findings)
        findings.check()
        right = tuple(one for one in served if one is not None)
        return cls(right, tuple(shared.values()), RouteTable.of(right), memory_bytes)
