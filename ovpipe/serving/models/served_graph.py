"""A graph as a model serves it: checked, with its routes, opened with what its resources give."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from copy import copy
from types import MappingProxyType
from typing import Any

from ovpipe.errors import Finding, GraphError
from ovpipe.graph.plan import Plan
from ovpipe.runtime.runs.graph import Graph
from ovpipe.runtime.watching.trace import Trace
from ovpipe.serving.config import Residence
from ovpipe.serving.models.file_stamps import FileStamps
from ovpipe.serving.models.memory import held_by, size_of_files
from ovpipe.serving.models.opening import LoadListener, open_graph
from ovpipe.serving.models.resource import Resource, SharedPacket
from ovpipe.serving.openapi.merging import fragment_of
from ovpipe.serving.routes.declared import routes_of

log = logging.getLogger(__name__)


class ServedGraph:
    """One generation's graph. It opens once and closes once; while it is open it uses its resources."""

    def __init__(
        self,
        name: str,
        plan: Plan,
        shared: Mapping[str, SharedPacket] | None = None,
        files: FileStamps = MappingProxyType({}),
        residence: Residence | None = None,
    ) -> None:
        """`shared` are the side packets that the graph takes of resources, by their names in this graph.
        `files` are those that its parameters name.

        Raises GraphError for a graph that cannot be served.
        """
        _check_serves_http(plan)
        self.name = name
        """The model's."""
        self.plan = plan
        self.files = files
        self.residence = residence or Residence()
        self.routes = routes_of(plan)
        """By which requests reach the graph, as its nodes declare them."""
        self.fragment = fragment_of(plan)
        """What the graph's nodes say of its HTTP, for OpenAPI."""
        self.input = plan.inputs[0]
        self.output = plan.outputs[0]
        self.graph = Graph(plan)
        self.shared = dict(shared or {})
        self.resources = frozenset(one.resource.name for one in self.shared.values())
        """The names of the resources whose side packets the graph takes."""
        self._used: list[Resource] = []
        self._counts_nodes = False
        self._measured = 0

    @property
    def title(self) -> str:
        """What the log calls it."""
        return f"model {self.name}"

    def is_like(self, other: ServedGraph) -> bool:
        """Whether the two would do the same, whatever their models' names."""
        return (self.plan, self.shared, self.files) == (other.plan, other.shared, other.files)

    def again(self) -> ServedGraph:
        """The same, to be opened once more."""
        other = copy(self)
        other.graph = Graph(self.plan)
        other._used = []
        other.watch(self.graph.trace, node_metrics=self._counts_nodes)
        return other

    def rename(self, name: str) -> None:
        """Its model has another name from now on."""
        self.name = name

    def watch(self, trace: Trace | None, *, node_metrics: bool) -> None:
        """Traces the runs that start from now on, and keeps metrics of their nodes."""
        self.graph.trace = trace
        self._counts_nodes = node_metrics
        if node_metrics:
            self.graph.count_nodes()

    def held(self) -> int:
        """The bytes that it holds by itself while it is open: as measured, and no less than its files."""
        self._measured = max(self._measured, held_by(self.own_side_packets()))
        return max(self._measured, size_of_files(self.files))

    def needed(self, like: ServedGraph | None) -> int:
        """The bytes that it will hold, its own and those of resources that are not open.

        `like` is the generation before: if both have files of their own, the new one takes as much.
        """
        own = max(self._measured, size_of_files(self.files))
        if own and like is not None:
            own = max(own, like.held())
        closed = {one.resource for one in self.shared.values() if not one.resource.is_open}
        return own + sum(resource.needed() for resource in closed)

    def own_side_packets(self) -> Mapping[str, Any]:
        """The side packets of the open graph that are not shared with other models."""
        packets = self.graph.side_packets
        return {name: packet for name, packet in packets.items() if name not in self.shared}

    def variants(self) -> list[str]:
        """What it can be asked for as `model:variant`: what its side packets' methods `variants()` give."""
        found: list[str] = []
        for name, packet in self.graph.side_packets.items():
            variants = getattr(packet, "variants", None)
            if callable(variants):
                try:
                    found += map(str, variants())
                except Exception:  # a side packet's fault must not cost the requests for the model itself
                    log.exception("the variants of side packet %r of %s cannot be read", name, self.title)
        return found

    async def open(self, listener: LoadListener) -> str:
        """Opens the graph after its resources, each of which opens for its first user.

        Returns "", or why it could not be opened. What is open by then is closed again, also when this is
        cancelled.
        """
        try:
            reason = await self._open(listener)
        except BaseException as error:
            await self.close()
            await self.release_resources()
            if not isinstance(error, Exception):
                raise
            log.exception("%s failed to load", self.title)  # a fault of ours makes it fail alone, too
            return f"{type(error).__name__}: {error}"
        if reason:
            await self.release_resources()
        return reason

    async def _open(self, listener: LoadListener) -> str:
        reasons = []
        for resource in {one.resource.name: one.resource for one in self.shared.values()}.values():
            reason = await resource.use(listener)
            self._used.append(resource)
            if reason:
                reasons.append(f"resource {resource.name!r} failed to load: {reason}")
        if reasons:
            listener.failed(self.title, "; ".join(reasons))
            return "; ".join(reasons)
        values = {name: one.value() for name, one in self.shared.items()}
        return await open_graph(self.graph, self.title, listener, values)

    async def close(self, run_seconds: float = 0.0) -> None:
        """Closes the graph, and with it what is left of its runs, which is waited for no longer than this."""
        await self.graph.close(timeout=run_seconds)

    async def release_resources(self) -> None:
        """The graph is closed: a resource that nothing else uses closes, too."""
        while self._used:
            await self._used.pop().release()


def _check_serves_http(plan: Plan) -> None:
    findings = [
        Finding(
            plan.file,
            1,
            f"graph {plan.name!r} cannot be served: it has {len(names)} {kind} streams"
            f"{': ' + ', '.join(names) if names else ''}; the front door needs exactly one, {role}",
        )
        for kind, names, role in (
            ("input", plan.inputs, "for the HttpRequest"),
            ("output", plan.outputs, "for the ResponseStart and the ResponseBody parts"),
        )
        if len(names) != 1
    ]
    if findings:
        raise GraphError(findings)
