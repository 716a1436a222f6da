"""What is checked of the routes of all graphs together, before anything is served."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Final, Protocol

from ovpipe.errors import Finding
from ovpipe.http import Route
from ovpipe.serving.routes.declared import DeclaredRoute
from ovpipe.serving.routes.health import LIVE, READY
from ovpipe.serving.routes.patterns import VERSIONS, served_patterns, shape_of

OWN_PATHS: Final = frozenset(("/", "/version", *LIVE, *READY))
"""The server's own."""

OWN_TREES: Final = (
    "/health/live",
    "/health/ready",
    "/metrics",
    "/openapi.json",
    "/docs",
    *(f"{version}/{tree}" for version in VERSIONS for tree in ("models", "config")),
)
"""The server's own; so is all that is below them."""

ROUTE_FIELDS: Final = tuple(field.name for field in fields(Route))


class RoutedModel(Protocol):
    """What the routes of a model are checked by."""

    @property
    def name(self) -> str:
        """The model's."""

    @property
    def routes(self) -> Sequence[DeclaredRoute]:
        """By which requests reach it."""

    @property
    def resources(self) -> frozenset[str]:
        """The names of the resources that it shares with others."""


@dataclass(frozen=True, slots=True)
class ModelRoute:
    """A route as one model's graph declares it."""

    model: RoutedModel
    declared: DeclaredRoute

    @property
    def route(self) -> Route:
        """The route itself."""
        return self.declared.route

    def __str__(self) -> str:
        return f"model {self.model.name!r} ({self.declared.place})"


Declarations = Mapping[tuple[str, str], Sequence[ModelRoute]]
"""By the shape of the path as it is served, and the method."""


def declarations_of(models: Iterable[RoutedModel]) -> Declarations:
    """Who declares what, in the order of the models."""
    found: dict[tuple[str, str], list[ModelRoute]] = {}
    for model in models:
        for declared in model.routes:
            for pattern in served_patterns(declared.route.pattern):
                key = shape_of(pattern), declared.route.method
                found.setdefault(key, []).append(ModelRoute(model, declared))
    return found


def findings_of(declarations: Declarations) -> list[Finding]:
    """Every route that cannot be served."""
    found: list[Finding] = []
    for (shape, _), declared in declarations.items():
        found += _own(shape, declared)
        found += _differing(declared)
        found += _unnamed(declared)
    return list(dict.fromkeys(found))


def _own(shape: str, declared: Sequence[ModelRoute]) -> Iterator[Finding]:
    for own in OWN_TREES:
        if shape == own or shape.startswith(f"{own}/"):
            for one in declared:
                yield _finding(one, f"is the server's own, as all of {own} is; choose another path")
            return
    if shape in OWN_PATHS:
        for one in declared:
            yield _finding(one, "is the server's own; choose another path")


def _differing(declared: Sequence[ModelRoute]) -> Iterator[Finding]:
    first, *others = declared
    for other in others:
        differences = [
            f"{name} is {here!r} here and {there!r} there"
            for name in ROUTE_FIELDS
            if (here := getattr(other.route, name)) != (there := getattr(first.route, name))
        ]
        if differences:
            yield _finding(
                other,
                f"is declared otherwise by {first}: {'; '.join(differences)}; "
                "the front door reads a request before it knows its model, so declare the route alike",
            )


def _unnamed(declared: Sequence[ModelRoute]) -> Iterator[Finding]:
    """A route whose requests name no model, declared by models that have nothing in common."""
    first, *others = declared
    for other in others:
        if (
            first.route.model is None
            and other.model.name != first.model.name
            and not first.model.resources & other.model.resources
        ):
            yield _finding(
                other,
                f"names no model and is declared by {first} too, and the two share no resource; have its "
                "requests name their model, or let one graph alone declare it",
            )


def _finding(one: ModelRoute, message: str) -> Finding:
    file, _, line = one.declared.place.rpartition(":")
    route = f"route {one.route.method} {one.route.pattern} of model {one.model.name!r}"
    return Finding(file, int(line), f"{route} {message}")
