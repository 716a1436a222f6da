"""OpenAPI: the server's description of itself, put together from what its graphs say and its own routes.

It knows no calculator: what a path takes and gives is said by the nodes of the graphs (see fragments.py).
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from typing import Any, Final

import msgspec

from ovpipe.serving.fragments import ERROR
from ovpipe.serving.model import Model
from ovpipe.serving.openapi_parts import SCHEMAS, Json, either, references, renamed
from ovpipe.serving.own_paths import ERRORS, error_reference, in_json, own_errors, own_paths, own_schemas

VERSION: Final = "3.1.1"
JSON: Final = "application/json"
DESCRIPTION: Final = "An OpenAI-compatible server of models in OpenVINO's format."


class OpenApi:
    """The description of one server: made when asked for, and kept as long as the models are the same."""

    def __init__(self, models: Iterable[Model], prefixes: Sequence[str], paths: Sequence[str]) -> None:
        """`paths` are those of inference, which have routes under all of the `prefixes`."""
        self._models = models
        self._prefixes = prefixes
        self._paths = paths
        self._made_of: list[tuple[str, Json]] = []
        self._text = b""

    async def text(self) -> bytes:
        """The document as JSON. It is made in a thread: of many models that differ it takes long."""
        described = [(model.name, model.fragment) for model in self._models]
        if not self._text or described != self._made_of:
            made = await asyncio.to_thread(document, described, self._prefixes, self._paths)
            self._text, self._made_of = msgspec.json.encode(made), described
        return self._text


def document(described: Sequence[tuple[str, Json]], prefixes: Sequence[str], paths: Sequence[str]) -> Json:
    """The document of a server whose models have these fragments.

    What a fragment says of other paths is left out: the front door has no routes for them.
    """
    schemas = own_schemas()
    operations: dict[str, list[Json]] = {path: [] for path in paths}
    for names, fragment in grouped(described):
        own = with_models(fragment or anything(paths), names)
        its = own.get("components", {}).get("schemas", {})
        new = new_names(its, schemas, re.sub(r"[^A-Za-z0-9._-]", "_", names[0]))
        schemas |= {new[name]: renamed(schema, new) for name, schema in its.items()}
        for path in paths:
            if "post" in own.get("paths", {}).get(path, {}):
                operations[path].append(renamed(own["paths"][path]["post"], new))
    return {
        "openapi": VERSION,
        "info": {"title": "ovpipe", "version": version("ovpipe"), "description": DESCRIPTION},
        "servers": [{"url": prefix} for prefix in prefixes],
        "paths": {path: {"post": with_errors(combined(said))} for path, said in operations.items() if said}
        | own_paths([name for name, _ in described]),
        "components": {"schemas": schemas, "responses": own_errors()},
    }


def grouped(described: Iterable[tuple[str, Json]]) -> list[tuple[list[str], Json]]:
    """The models that are described alike, together."""
    groups: list[tuple[list[str], Json]] = []
    for name, fragment in described:
        for names, other in groups:
            if other == fragment:
                names.append(name)
                break
        else:
            groups.append(([name], fragment))
    return groups


def anything(paths: Sequence[str]) -> Json:
    """The fragment of a graph that says nothing: whatever it likes, on every path."""
    body = {"required": True, "content": {JSON: {"schema": {"type": "object", "properties": {}}}}}
    responses = {"default": {"description": "Whatever the graph answers."}}
    return {"paths": {path: {"post": {"requestBody": body, "responses": responses}} for path in paths}}


def with_models(fragment: Json, names: Sequence[str]) -> Json:
    """A copy whose requests name one of these models: this much of a body the front door reads itself."""
    copy: Json = renamed(fragment, {})
    schemas = copy.get("components", {}).get("schemas", {})
    for item in copy.get("paths", {}).values():
        content = item.get("post", {}).get("requestBody", {}).get("content", {}).get(JSON)
        if content is None:
            continue
        schema = content.setdefault("schema", {"type": "object"})
        target = schemas.get(schema.get("$ref", "").removeprefix(SCHEMAS), schema)
        if "$ref" in target:
            continue
        model = target.setdefault("properties", {}).setdefault("model", {"type": "string"})
        model["enum"] = list(names)
        target["required"] = list(dict.fromkeys(["model", *target.get("required", ())]))
        if isinstance(content.get("example"), dict):
            content["example"] = {"model": names[0]} | content["example"]
    return copy


def new_names(own: Mapping[str, Any], taken: Mapping[str, Any], suffix: str) -> dict[str, str]:
    """For each of these schemas a name that no other schema has; schemas that mean the same share theirs."""
    names = {}
    for name in own:
        reached = reach(name, own)
        if name not in taken or all(taken.get(other) == own[other] for other in reached):
            names[name] = name
        else:
            names[name] = f"{name}.{suffix}"
            while names[name] in taken:
                names[name] += "_"
    return names


def reach(name: str, schemas: Mapping[str, Any]) -> set[str]:
    """The schemas that one refers to, itself and those that they refer to included."""
    found: set[str] = set()
    new = {name}
    while new:
        found |= new
        new = {other for one in new for other in references(schemas[one]) if other in schemas} - found
    return found


def combined(operations: Sequence[Json]) -> Json:
    """One operation of what several graphs say of one path. What has words has those of the first."""
    whole: Json = {}
    for operation in operations:
        whole = operation | whole
    bodies = [operation["requestBody"] for operation in operations if "requestBody" in operation]
    if bodies:
        whole["requestBody"] = bodies[0] | {"content": contents(bodies)}
    answers = [operation.get("responses", {}) for operation in operations]
    whole["responses"] = {}
    for status in dict.fromkeys(status for answer in answers for status in answer):
        given = [answer[status] for answer in answers if status in answer]
        whole["responses"][status] = given[0] | ({"content": content} if (content := contents(given)) else {})
    return whole


def contents(parts: Sequence[Json]) -> Json:
    """By media type what any of these may hold."""
    found: Json = {}
    for media in dict.fromkeys(media for part in parts for media in part.get("content", {})):
        given = [part["content"][media] for part in parts if media in part.get("content", {})]
        found[media] = given[0] | {"schema": either([one.get("schema", {}) for one in given])}
    return found


def with_errors(operation: Json) -> Json:
    """The operation with the errors that the front door, and any node, may answer it with."""
    responses = operation["responses"]
    for status in ERRORS:
        said = responses.setdefault(status, error_reference(status))
        if "$ref" not in said:
            said.setdefault("content", in_json(ERROR))
    responses = {status: responses[status] for status in sorted(responses)}
    return operation | {"responses": responses}
