"""Every route of a server that serves a model by default: of the shipped graphs, and of the server itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ovpipe.graph.files import shipped_graphs
from ovpipe.registry import Registry
from ovpipe.serving.config import DEFAULT_GRAPHS, MODELS_PATH, ModelConfig, ModelGraph
from ovpipe.serving.models.declared import Declared
from ovpipe.serving.openapi.operations import operation_of
from ovpipe.serving.openapi.own_paths import own_paths

VERSION = "/v1"
METHODS = ("get", "post", "put", "delete")


@dataclass(frozen=True)
class DocumentedRoute:
    """One thing that can be asked for, by each path under which it is there."""

    method: str
    paths: tuple[str, ...]
    summary: str
    graph: str
    """Its name; empty: the server itself answers."""

    @property
    def row(self) -> str:
        """Its row of a table."""
        first, *others = self.paths
        also = f"; also {', '.join(f'`{path}`' for path in others)}" if others else ""
        graph = f"[{self.graph}](../graphs/{self.graph}.yaml)" if self.graph else ""
        return f"| `{self.method} {first}` | {self.summary}{also} | {graph} |"


@cache
def documented_routes() -> tuple[DocumentedRoute, ...]:
    """All of them; those that are answered alike as one."""
    paths: dict[tuple[str, str, str], list[str]] = {}
    for method, path, summary, graph in (*_of_graphs(), *_own()):
        paths.setdefault((method, summary, graph), []).append(path)
    return tuple(
        DocumentedRoute(method, tuple(sorted(set(found), key=found.index)), summary, graph)
        for (method, summary, graph), found in paths.items()
    )


def routes_table() -> str:
    """A row for each."""
    lines = ["| route | answer | graph |", "|---|---|---|", *(route.row for route in documented_routes())]
    return "\n".join(lines) + "\n"


def _of_graphs() -> Iterator[tuple[str, str, str, str]]:
    files = tuple(ModelGraph(shipped_graphs()[name]) for name in DEFAULT_GRAPHS)
    config = ModelConfig("model", files, {MODELS_PATH: "model"}, Path())
    (served,) = Declared.load([config], (), Registry.installed()).served
    for graph in served.graphs:
        for route in sorted(
            (one.route for one in graph.routes), key=lambda one: not one.pattern.startswith(VERSION)
        ):
            yield route.method, route.pattern, operation_of(graph.fragment, route)["summary"], graph.name


def _own() -> Iterator[tuple[str, str, str, str]]:
    paths: dict[str, Any] = own_paths([])
    for path, item in paths.items():
        prefix = "" if "servers" in item else VERSION
        for method in METHODS:
            if method in item:
                yield method.upper(), prefix + path, item[method]["summary"], ""
