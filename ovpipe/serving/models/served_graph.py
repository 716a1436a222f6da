"""A graph as a model serves it: checked, with its routes, opened with what others give it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from ovpipe.errors import Finding, GraphError
from ovpipe.graph.plan import Plan
from ovpipe.http import DescribesModel
from ovpipe.serving.models.file_stamps import FileStamps
from ovpipe.serving.models.shared_graph import SharedGraph, SharedPacket
from ovpipe.serving.openapi.merging import fragment_of
from ovpipe.serving.routes.declared import routes_of

log = logging.getLogger(__name__)


class ServedGraph(SharedGraph):
    """One of a model's graphs. The generations that serve it are its users, and the graphs that take its
    side packets.
    """

    def __init__(
        self,
        model: str,
        plan: Plan,
        given: Mapping[str, SharedPacket] = MappingProxyType({}),
        files: FileStamps = MappingProxyType({}),
    ) -> None:
        """`given` are the side packets that it takes of resources and of the model's first graph.

        Raises GraphError for a graph that cannot be served.
        """
        _check_serves_http(plan)
        super().__init__(plan, given, files)
        self.model = model
        """The model's name."""
        self.name = plan.name
        self.routes = routes_of(plan)
        """By which requests reach the graph, as its nodes declare them."""
        self.fragment = fragment_of(plan)
        """What the graph's nodes say of its HTTP, for OpenAPI."""
        self.input = plan.inputs[0]
        self.output = plan.outputs[0]

    @property
    def title(self) -> str:
        """What the log calls it."""
        return f"model {self.model}"

    @property
    def role(self) -> str:
        """What the model's other graphs say of it."""
        return f"graph {self.name!r}"

    def capabilities(self) -> Mapping[str, Any]:
        """What its nodes say that it can do with the model; nothing while it is not open."""
        found: dict[str, Any] = {}
        for node in self.plan.nodes if self.is_open else ():
            if not hasattr(node.calculator, "model_capabilities"):
                continue
            given = {
                port.name: self.side_packets[name]
                for port, name in node.side_inputs
                if name in self.side_packets
            }
            try:
                calculator = node.build()
                if isinstance(calculator, DescribesModel):
                    found = with_said(found, msgspec.to_builtins(calculator.model_capabilities(given)))
            except Exception:  # whatever the calculator's author did must not cost the list of models
                log.exception("model_capabilities() of node %r (%s) failed", node.name, node.place)
        return found

    def growth(self, former: ServedGraph | None) -> int:
        """The bytes that it will hold by itself; 0 while it is open.

        `former` is the one that it comes after: if both have files of their own, it takes as much.
        """
        if self.is_open:
            return 0
        own = self.needed()
        return max(own, former.held()) if own and former is not None else own


def with_said(found: Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    """What was found, and of each name that has neither False nor None so far what is said now."""
    return {**said, **{name: value for name, value in found.items() if value not in (None, False)}}


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
