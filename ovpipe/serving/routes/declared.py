"""The routes of one graph, as its nodes declare them, each with its place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ovpipe.errors import Finding, GraphError, is_interrupt
from ovpipe.graph.plan import NodePlan, Plan
from ovpipe.http import DeclaresRoutes, Route


@dataclass(frozen=True, slots=True)
class DeclaredRoute:
    """A route, and the node that declares it."""

    route: Route
    node: str
    place: str
    """file:line of the node."""


def routes_of(plan: Plan) -> tuple[DeclaredRoute, ...]:
    """The routes that a graph's nodes declare, at least one; raises GraphError with all that is wrong."""
    findings: list[Finding] = []
    declared: list[DeclaredRoute] = []
    for node in plan.nodes:
        try:
            declared += _declared_by(node)
        except BaseException as error:  # whatever the calculator's author did
            if is_interrupt(error):
                raise
            reason = f"{type(error).__name__}: {error}"
            message = f"routes() of node {node.name!r} cannot be used: {reason}"
            findings.append(_found(node.place, message))
    if not declared and not findings:
        findings.append(
            Finding(
                plan.file,
                1,
                f"graph {plan.name!r} cannot be served: none of its nodes declares a route; give the "
                "calculator that reads the HttpRequest a method routes()",
            )
        )
    if findings:
        raise GraphError(findings)
    return tuple(declared)


def _declared_by(node: NodePlan) -> Iterator[DeclaredRoute]:
    calculator = node.build()
    if isinstance(calculator, DeclaresRoutes):
        for route in calculator.routes():
            if not isinstance(route, Route):
                raise TypeError(f"it gave a {type(route).__name__} where a Route is due")
            yield DeclaredRoute(route, node.name, node.place)


def _found(place: str, message: str) -> Finding:
    file, _, line = place.rpartition(":")
    return Finding(file, int(line), message)
