"""A served model: one graph under one name, and whether it can take requests."""

from __future__ import annotations

import enum
import logging
import time
from typing import Protocol

from ovpipe.errors import Finding, GraphError, RunError
from ovpipe.runtime.runs.graph import Graph
from ovpipe.runtime.watching.trace import Trace
from ovpipe.serving.declared_routes import routes_of
from ovpipe.serving.openapi.merging import fragment_of
from ovpipe.serving.refusals import model_failed, model_loading

log = logging.getLogger(__name__)


class ModelState(enum.StrEnum):
    """Where a model stands."""

    LOADING = "loading"
    AVAILABLE = "available"
    FAILED = "failed"


class LoadListener(Protocol):
    """Is told how the loading of models goes; called on the event loop."""

    def loading(self, model: str, node: str, message: str, fraction: float | None) -> None:
        """A node of the model's graph says how far it has come; `fraction` None: not known."""

    def available(self, model: str, seconds: float) -> None:
        """The model takes requests from now on."""

    def failed(self, model: str, reason: str) -> None:
        """The model could not be loaded; the others go on."""


class Model:
    """One model's graph and state. `reason` says why when it has failed; it is for operators' eyes."""

    def __init__(self, name: str, graph: Graph) -> None:
        _check_serves_http(graph)
        self.name = name
        self.state = ModelState.LOADING
        self.reason = ""
        self.created = int(time.time())
        self._graph = graph
        self.routes = routes_of(graph.plan)
        """By which requests reach the graph, as its nodes declare them."""
        self.fragment = fragment_of(graph.plan)
        """What the graph's nodes say of its HTTP, for OpenAPI."""
        self.resources: frozenset[str] = frozenset()
        """The names of the server's resources that the graph takes."""
        self.input = graph.plan.inputs[0]
        self.output = graph.plan.outputs[0]

    def ready_graph(self) -> Graph:
        """The open graph; RequestError 503 as long as there is none."""
        if self.state is ModelState.LOADING:
            raise model_loading(self.name)
        if self.state is ModelState.FAILED:
            raise model_failed(self.name)
        return self._graph

    def watch(self, trace: Trace | None, *, node_figures: bool) -> None:
        """Has the runs of all requests from now on traced, and figures kept of their nodes."""
        self._graph.trace = trace
        if node_figures:
            self._graph.count_nodes()

    async def open(self, listener: LoadListener) -> None:
        """Opens the graph; a failure becomes the model's state and is told, not raised."""
        began = time.monotonic()

        def progress(node: str, message: str, fraction: float | None) -> None:
            listener.loading(self.name, node, message, fraction)

        try:
            await self._graph.open(progress=progress)
        except Exception as error:  # whatever a node raises: this model alone is unavailable
            self.state = ModelState.FAILED
            self.reason = _reason(error)
            log.debug("model %r failed to load", self.name, exc_info=error)
            listener.failed(self.name, self.reason)
        else:
            self.state = ModelState.AVAILABLE
            listener.available(self.name, time.monotonic() - began)

    async def close(self) -> None:
        """Closes the graph and with it what is left of its runs."""
        await self._graph.close()


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
    findings += [
        Finding(
            plan.file,
            1,
            f"graph {graph.name!r} cannot be served: it needs side packet {name!r} from outside, which the "
            "server does not have; let a node of the graph make it",
        )
        for name in plan.side_inputs
    ]
    if findings:
        raise GraphError(findings)


def _reason(error: Exception) -> str:
    cause = error.__cause__ if isinstance(error, RunError) and error.__cause__ is not None else error
    reason = f"{type(cause).__name__}: {cause}"
    return f"node {error.node!r} ({error.place}): {reason}" if isinstance(error, RunError) else reason
