"""One route's operation: what the graphs behind it say, and what the front door itself reads of requests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from ovpipe.http import Route
from ovpipe.serving.openapi.parts import SCHEMAS, Json, either, renamed
from ovpipe.serving.routes.patterns import version_of

MEDIA: Final[Mapping[str, str]] = {
    "json": "application/json",
    "bytes": "application/octet-stream",
    "multipart": "multipart/form-data",
}
"""By the kind of a route's body."""


def path_of(route: Route) -> str:
    """The route's path as OpenAPI writes it: without a version, parameters by their bare names."""
    pattern = route.pattern.removeprefix(version_of(route.pattern))
    return pattern.replace(":path}", "}")


def operation_of(fragment: Json, route: Route) -> Json:
    """What a graph's fragment says of a route; of one that it does not know: whatever it likes."""
    said: Json | None = fragment.get("paths", {}).get(path_of(route), {}).get(route.method.lower())
    return anything(route) if said is None else said


def anything(route: Route) -> Json:
    """The operation of a graph that says nothing."""
    said: Json = {"responses": {"default": {"description": "Whatever the graph answers."}}}
    if route.body != "none":
        schema: Json = {} if route.body == "bytes" else {"type": "object", "properties": {}}
        said["requestBody"] = {"required": True, "content": {MEDIA[route.body]: {"schema": schema}}}
    return said


def with_models(fragment: Json, routes: Sequence[Route], names: Sequence[str], *, alone: bool) -> Json:
    """A copy that says of each route whose body names a model which names there are.

    The name may be left out where the model is `alone`.
    """
    copy: Json = renamed(fragment, {})
    schemas = copy.get("components", {}).get("schemas", {})
    for route in routes:
        if route.model is None or route.model.place not in ("body", "form"):
            continue
        item = copy.setdefault("paths", {}).setdefault(path_of(route), {})
        operation = item.setdefault(route.method.lower(), anything(route))
        content: Json = operation.get("requestBody", {}).get("content", {}).get(MEDIA[route.body], {})
        if content:
            _name_models(content, schemas, route.model.name, names, required=not alone)
    return copy


def _name_models(content: Json, schemas: Json, field: str, names: Sequence[str], *, required: bool) -> None:
    schema: Json = content.setdefault("schema", {"type": "object"})
    target = schemas.get(schema.get("$ref", "").removeprefix(SCHEMAS), schema)
    if "$ref" in target:
        return
    properties: Json = target.setdefault("properties", {})
    named: Json = properties.setdefault(field, {"type": "string"})
    others = [name for name in target.get("required", ()) if name != field]
    target["required"] = [field, *others] if required else others
    name = {"type": "string", "enum": list(names)}
    said = {"description": named["description"]} if "description" in named else {}
    properties[field] = said | (name if required else {"anyOf": [name, {"const": ""}, {"type": "null"}]})
    if isinstance(content.get("example"), dict):
        content["example"] = {field: names[0]} | content["example"]


def with_parameters(operation: Json, route: Route, models: Sequence[str], *, alone: bool) -> Json:
    """The operation with all parameters of its route, and the names of models where a parameter has them."""
    parameters = {(given["in"], given["name"]): dict(given) for given in operation.get("parameters", ())}
    for name in route.parameters:
        default = {"name": name, "in": "path", "schema": {"type": "string"}}
        parameters["path", name] = default | parameters.get(("path", name), {}) | {"required": True}
    if route.model is not None and route.model.place in ("path", "query"):
        key = route.model.place, route.model.name
        required = not alone or key[0] == "path"
        named = {"name": key[1], "in": key[0]} | parameters.get(key, {}) | {"required": required}
        parameters[key] = named | {"schema": {"type": "string", "enum": list(models)}}
    return operation | ({"parameters": list(parameters.values())} if parameters else {})


def combined(operations: Sequence[Json]) -> Json:
    """One operation of what several graphs say of one route. What has words has those of the first."""
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
    found: dict[str, Any] = {}
    for media in dict.fromkeys(media for part in parts for media in part.get("content", {})):
        given = [part["content"][media] for part in parts if media in part.get("content", {})]
        found[media] = given[0] | {"schema": either([one.get("schema", {}) for one in given])}
    return found
