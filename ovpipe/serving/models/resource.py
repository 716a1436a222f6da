"""A resource: a graph without streams, opened once, whose side packets models' graphs share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ovpipe.runtime.runs.graph import Graph
from ovpipe.serving.config import ResourceConfig
from ovpipe.serving.models.opening import LoadListener, open_graph


class Resource:
    """One resource's graph and state. `reason` says why when it has failed; it is for operators' eyes.

    Two of equal `declaration` are made alike, so that one can stand in for the other.
    """

    def __init__(self, declaration: ResourceConfig, graph: Graph) -> None:
        self.declaration = declaration
        self.name = declaration.name
        self.title = f"resource {self.name}"
        self.reason = ""
        self.gives = {one.name: one for one in graph.plan.side_outputs}
        """What its graph names in side_outputs."""
        self._graph = graph

    @property
    def side_packets(self) -> Mapping[str, Any]:
        """All side packets of its graph; empty while it is not open."""
        return self._graph.side_packets

    async def open(self, listener: LoadListener) -> None:
        """Opens the graph; a failure becomes the `reason`, and is not raised."""
        self.reason = await open_graph(self._graph, self.title, listener)

    def fail(self, reason: str) -> None:
        """It could not be opened."""
        self.reason = reason

    async def close(self, _: float) -> None:
        """Closes the graph, which has no runs; the models that share its side packets are closed by now."""
        await self._graph.close()


@dataclass(frozen=True, slots=True)
class SharedPacket:
    """A side packet of a resource, for the graph of a model."""

    resource: Resource
    name: str
    """The side packet's name in the resource's graph."""

    def value(self) -> Any:
        """The side packet itself; the resource is open."""
        return self.resource.side_packets[self.name]
