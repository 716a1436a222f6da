"""The front door's table: which graphs answer which method and path. A value, made of the served models."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ovpipe.errors import GraphError
from ovpipe.http import Route
from ovpipe.http_errors import ErrorFamily
from ovpipe.serving.routes.checks import ModelRoute, RoutedModel, declarations_of, findings_of
from ovpipe.serving.routes.patterns import PathPattern, version_of


@dataclass(frozen=True, slots=True)
class ServedRoute:
    """A route with the names of the models behind it, in the order of the configuration."""

    route: Route
    models: tuple[str, ...]
    path: str
    """The pattern without its version."""

    def __str__(self) -> str:
        return f"{self.route.method} {self.route.pattern}"


@dataclass(frozen=True, slots=True)
class ServedPath:
    """What is served at one path, or at all paths of one pattern."""

    by_method: Mapping[str, ServedRoute]
    """With HEAD wherever there is GET."""
    version: str
    """The prefix that HttpRequest.path leaves out."""

    @property
    def path(self) -> str:
        """The pattern without its version, as that of each route here."""
        return next(iter(self.by_method.values())).path

    def errors_of(self, method: str) -> ErrorFamily:
        """How errors are written: by the method's route, or where the method is wrong by the first's."""
        served = self.by_method.get(method) or next(iter(self.by_method.values()))
        return served.route.errors


@dataclass(frozen=True, slots=True)
class RouteTable:
    """All routes of a server. A path without parameters is found by one look-up."""

    routes: tuple[ServedRoute, ...]
    """Each once, as declared, in the order of the models."""
    literals: Mapping[str, ServedPath]
    patterns: tuple[tuple[PathPattern, ServedPath], ...]
    """In the order in which they are tried."""

    @classmethod
    def of(cls, models: Iterable[RoutedModel]) -> RouteTable:
        """The table of these models; raises GraphError with every route that cannot be served."""
        declarations = declarations_of(models)
        findings = findings_of(declarations)
        if findings:
            raise GraphError(findings)
        routes: dict[str, ServedRoute] = {}
        paths: dict[str, dict[str, ServedRoute]] = {}
        for (shape, method), declared in declarations.items():
            served = _served_route(declared)
            paths.setdefault(shape, {})[method] = routes.setdefault(str(served), served)
        at = {shape: _served_path(shape, by_method) for shape, by_method in paths.items()}
        patterns = [(PathPattern.of(shape), there) for shape, there in at.items() if "{" in shape]
        return cls(
            routes=tuple(routes.values()),
            literals={shape: there for shape, there in at.items() if "{" not in shape},
            patterns=tuple(sorted(patterns, key=lambda pattern: pattern[0].rank)),
        )

    def find(self, path: str) -> tuple[ServedPath, tuple[str, ...]] | None:
        """What is served at a path, with the values of its parameters. %2F and %25 are undecoded in it."""
        there = self.literals.get(path)
        if there is not None:
            return there, ()
        for pattern, there in self.patterns:
            values = pattern.match(path)
            if values is not None:
                return there, values
        return None


def _served_route(declared: Sequence[ModelRoute]) -> ServedRoute:
    route = declared[0].route
    models = tuple(dict.fromkeys(one.model.name for one in declared))
    return ServedRoute(route, models, route.pattern.removeprefix(version_of(route.pattern)))


def _served_path(shape: str, by_method: Mapping[str, ServedRoute]) -> ServedPath:
    served = dict(by_method)
    if "GET" in served:
        served.setdefault("HEAD", served["GET"])
    return ServedPath({method: served[method] for method in sorted(served)}, version_of(shape))
