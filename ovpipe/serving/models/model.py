"""A served model: one graph under one name, and whether it can take requests."""

from __future__ import annotations

import enum
import logging
import time
from collections.abc import Mapping
from typing import Any

from ovpipe.errors import Finding, GraphError
from ovpipe.runtime.runs.graph import Graph
from ovpipe.runtime.watching.trace import Trace
from ovpipe.serving.models.opening import LoadListener, open_graph
from ovpipe.serving.models.resource import SharedPacket
from ovpipe.serving.openapi.merging import fragment_of
from ovpipe.serving.refusals import model_failed, model_loading
from ovpipe.serving.routes.declared import routes_of

log = logging.getLogger(__name__)


class ModelState(enum.StrEnum):
    """Where a model stands."""

    LOADING = "loading"
    AVAILABLE = "available"
    FAILED = "failed"


class Model:
    """One model's graph and state. `reason` says why when it has failed; it is for operators' eyes."""

    def __init__(self, name: str, graph: Graph, shared: Mapping[str, SharedPacket] | None = None) -> None:
        """`shared` are the side packets that the graph takes of resources, by their names in this graph."""
        _check_serves_http(graph)
        self.name = name
        self.title = f"model {name}"
        self.state = ModelState.LOADING
        self.reason = ""
        self.created = int(time.time())
        self._graph = graph
        self._shared = dict(shared or {})
        self.resources = frozenset(one.resource.name for one in self._shared.values())
        """The names of the resources whose side packets the graph takes."""
        self.routes = routes_of(graph.plan)
        """By which requests reach the graph, as its nodes declare them."""
        self.fragment = fragment_of(graph.plan)
        """What the graph's nodes say of its HTTP, for OpenAPI."""
        self.input = graph.plan.inputs[0]
        self.output = graph.plan.outputs[0]

    def ready_graph(self) -> Graph:
        """The open graph; RequestError 503 as long as there is none."""
        if self.state is ModelState.LOADING:
            raise model_loading(self.name)
        if self.state is ModelState.FAILED:
            raise model_failed(self.name)
        return self._graph

    def watch(self, trace: Trace | None, *, node_metrics: bool) -> None:
        """Traces the runs that start from now on, and keeps metrics of their nodes."""
        self._graph.trace = trace
        if node_metrics:
            self._graph.count_nodes()

    def own_side_packets(self) -> Mapping[str, Any]:
        """The side packets of the open graph that are not shared with other models."""
        packets = self._graph.side_packets
        return {name: packet for name, packet in packets.items() if name not in self._shared}

    def variants(self) -> list[str]:
        """What it can be asked for as `model:variant`: what its side packets' methods `variants()` give."""
        found: list[str] = []
        for name, packet in self._graph.side_packets.items():
            variants = getattr(packet, "variants", None)
            if callable(variants):
                try:
                    found += map(str, variants())
                except Exception:  # a side packet's fault must not cost the requests for the model itself
                    log.exception("the variants of side packet %r of %s cannot be read", name, self.title)
        return found

    async def open(self, listener: LoadListener) -> None:
        """Opens the graph with what its resources give, which have been opened by now, or have failed.

        A failure becomes the model's state and is not raised.
        """
        failed = {one.resource.name: one.resource.reason for one in self._shared.values()}
        reasons = [f"resource {name!r} failed to load: {why}" for name, why in failed.items() if why]
        if reasons:
            self.reason = "; ".join(reasons)
            listener.failed(self.title, self.reason)
        else:
            values = {name: one.value() for name, one in self._shared.items()}
            self.reason = await open_graph(self._graph, self.title, listener, values)
        self.state = ModelState.FAILED if self.reason else ModelState.AVAILABLE

    def fail(self, reason: str) -> None:
        """It could not be opened."""
        self.reason = reason
        self.state = ModelState.FAILED

    async def close(self, run_seconds: float) -> None:
        """Closes the graph, and with it what is left of its runs, which is waited for no longer than this."""
        await self._graph.close(timeout=run_seconds)


def _check_serves_http(graph: Graph) -> None:
    plan = graph.plan
    findings = [
        Finding(
            plan.file,
            1,
            f"graph {graph.name!r} cannot be served: it has {len(names)} {kind} streams"
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
