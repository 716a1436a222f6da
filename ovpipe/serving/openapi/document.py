"""OpenAPI: the server's description of itself, made of what its graphs say and of its own paths.

It knows no calculator: what a route takes and gives is said by the nodes of the graphs (see merging.py).
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Final

import msgspec

from ovpipe.http import Route
from ovpipe.serving.models.model import Model
from ovpipe.serving.openapi.errors import ErrorParts
from ovpipe.serving.openapi.keys import with_keys
from ovpipe.serving.openapi.operations import (
    combined,
    operation_of,
    path_of,
    with_models,
    with_parameters,
)
from ovpipe.serving.openapi.own_paths import ROOT, own_paths, own_schemas
from ovpipe.serving.openapi.parts import Json, new_names, renamed
from ovpipe.serving.routes.patterns import VERSIONS, version_of

VERSION: Final = "3.1.1"
DESCRIPTION: Final = "An OpenAI-compatible server of models in OpenVINO's format."


@dataclass(frozen=True, slots=True)
class Described:
    """What is known of the HTTP of one of a model's graphs before it opens."""

    model: str
    graph: str
    fragment: Json
    routes: Sequence[Route]


@dataclass(frozen=True, slots=True)
class Operation:
    """One route, with what each kind of graph behind it says, and the names of the models."""

    route: Route
    said: list[Json]
    models: list[str]


class OpenApi:
    """The description of one server: made when asked for, and kept as long as the models are the same."""

    def __init__(self, models: Iterable[Model], *, asks_for_key: bool = False) -> None:
        self._models = models
        self._asks_for_key = asks_for_key
        self._made_of: list[Described] = []
        self._text = b""

    async def text(self) -> bytes:
        """The document as JSON. It is made in a thread: of many models that differ it takes long."""
        described = [one for model in self._models for one in described_by(model)]
        if not self._text or described != self._made_of:
            made = await asyncio.to_thread(document, described)
            if self._asks_for_key:
                made = with_keys(made)
            self._text, self._made_of = msgspec.json.encode(made), described
        return self._text


def described_by(model: Model) -> list[Described]:
    """What a model's graphs say."""
    return [
        Described(model.name, one.name, one.fragment, [declared.route for declared in one.routes])
        for one in model.served.graphs
    ]


def document(described: Sequence[Described]) -> Json:
    """The document of a server with these models.

    What a fragment says of a path that no route of its graph has is left out.
    """
    schemas = own_schemas()
    models = list(dict.fromkeys(one.model for one in described))
    alone = len(models) == 1
    errors = ErrorParts(schemas)
    operations: dict[str, Operation] = {}
    named: set[str] = set()
    for names, one in grouped(described):
        own = with_models(one.fragment, one.routes, names, alone=alone)
        its = own.get("components", {}).get("schemas", {})
        own_name = names[0] if names[0] not in named else f"{names[0]}.{one.graph}"
        named.add(names[0])
        new = new_names(its, schemas, re.sub(r"[^A-Za-z0-9._-]", "_", own_name))
        schemas |= {new[name]: renamed(schema, new) for name, schema in its.items()}
        for route in one.routes:
            operation = operations.setdefault(f"{route.method} {route.pattern}", Operation(route, [], []))
            operation.said.append(renamed(operation_of(own, route), new))
            operation.models.extend(names)
    paths: dict[str, Any] = {}
    for operation in operations.values():
        route = operation.route
        item = paths.setdefault(path_of(route), {} if version_of(route.pattern) else {"servers": ROOT})
        said = with_parameters(combined(operation.said), route, operation.models, alone=alone)
        item[route.method.lower()] = errors.added(said, route)
    return {
        "openapi": VERSION,
        "info": {"title": "ovpipe", "version": version("ovpipe"), "description": DESCRIPTION},
        "servers": [{"url": prefix} for prefix in VERSIONS],
        "paths": paths | own_paths(models),
        "components": {"schemas": schemas, "responses": errors.responses},
    }


def grouped(described: Iterable[Described]) -> list[tuple[list[str], Described]]:
    """The models that are described alike, together."""
    groups: list[tuple[list[str], Described]] = []
    for one in described:
        for names, other in groups:
            if other.fragment == one.fragment and other.routes == one.routes:
                names.append(one.model)
                break
        else:
            groups.append(([one.model], one))
    return groups
