"""What the front door itself answers, in OpenAPI's form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from ovpipe.serving.models.model_state import ModelState
from ovpipe.serving.models.snapshot import RepositorySnapshot
from ovpipe.serving.openapi.errors import reference
from ovpipe.serving.openapi.merging import ERROR
from ovpipe.serving.openapi.parts import SCHEMAS, Json, in_json, reference_to
from ovpipe.serving.routes.health import LIVE, READY

ROOT: Final = [{"url": "/"}]


def own_schemas() -> Json:
    """The front door's schemas."""
    text = {"type": "string"}
    names = {"type": "array", "items": text}
    model = closed(
        id=text,
        object={"const": "model"},
        created={"type": "integer", "description": "Unix seconds."},
        owned_by={"const": "ovpipe"},
        root=text | {"description": "The model itself, or the adapter of MODEL:ADAPTER."},
        parent={"type": ["string", "null"], "description": "The model that the adapter is of."},
        max_model_len={
            "type": ["integer", "null"],
            "description": "The most tokens of prompt and answer together; null while that is not known.",
        },
        capabilities={
            "type": "object",
            "properties": {
                "endpoints": names | {"description": "The paths of the model's graphs."},
                "tools": {"type": "boolean"},
                "reasoning": {"type": "boolean"},
                "structured_outputs": {"type": "boolean"},
                "adapters": names,
                "precision": {"type": ["string", "null"]},
                "parameters": names | {"description": "Parameters of requests that the engine honours."},
            },
            "required": ["endpoints"],
            "description": "What the model can do, as its graphs say; endpoints alone while it is not open.",
        },
    )
    return {
        "Model": model | {"description": "A model that takes requests."},
        "ModelList": closed(object={"const": "list"}, data={"type": "array", "items": reference_to("Model")}),
        "Health": closed(
            status={"enum": ["ready", "not ready", "draining"]},
            models={"type": "object", "additionalProperties": {"enum": [*ModelState]}},
        )
        | {"description": "Whether the server takes requests, and each model's state."},
        "Live": closed(status={"const": "live"}),
        "Server": closed(name={"const": "ovpipe"}, version=text, docs=text, openapi=text)
        | {"description": "Who answers here, and where it is described."},
        "Version": closed(version=text),
        "Reloaded": closed(
            added=names,
            removed=names,
            renamed={"type": "object", "additionalProperties": text},
            replaced=names,
            unchanged=names,
        )
        | {"description": "What has become of the models; renamed ones by their former names."},
        **msgspec.json.schema_components([RepositorySnapshot], ref_template=SCHEMAS + "{name}")[1],
    }


def own_paths(models: Sequence[str]) -> Json:
    """The front door's routes. Those of models come under the versions' prefixes, the others do not."""
    name = {
        "name": "name",
        "in": "path",
        "required": True,
        "description": "It may have slashes.",
        "schema": {"type": "string", "enum": list(models)} if models else {"type": "string"},
    }
    root = {"servers": ROOT}
    return {
        "/models": {
            "get": get("listModels", "Models", "Lists the models that take requests", in_json("ModelList"))
        },
        "/models/{name}": {
            "parameters": [name],
            "get": get("getModel", "Models", "Shows one model", in_json("Model"), "404", "503"),
        },
        "/config": {"get": of_operators("config", "How the models are now", "RepositorySnapshot")},
        "/config/reload": {"post": of_operators("reload", "Reads server.yaml again", "Reloaded")},
        "/": root | {"get": get("server", "Server", "Says who answers", in_json("Server"))},
        "/version": root | {"get": get("version", "Server", "ovpipe's version", in_json("Version"))},
        **{path: root | {"get": live(path)} for path in LIVE},
        **{path: root | {"get": ready(path)} for path in READY},
        "/metrics": root
        | {"get": get("metrics", "Server", "Metrics in Prometheus' text format", {"text/plain": {}})},
        "/openapi.json": root
        | {
            "get": get(
                "openapi",
                "Server",
                "The server's description of itself, in OpenAPI 3.1",
                {"application/json": {"schema": {"type": "object"}}},
            )
        },
        **{path: root | description for path, description in debug_paths().items()},
        "/docs": root
        | {
            "get": get(
                "docs", "Server", "The same as a page on which requests can be tried", {"text/html": {}}
            )
        },
    }


def debug_paths() -> Json:
    """The routes of operators. What they say is for people, and may change."""
    anything = {"application/json": {"schema": {"type": "object"}}}
    run = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    return {
        "/debug/graphs": {"get": get("debugGraphs", "Debug", "The graphs and their nodes", anything)},
        "/debug/runs": {"get": get("debugRuns", "Debug", "Live runs, and what each waits for", anything)},
        "/debug/runs/{id}": {
            "parameters": [run],
            "get": get("debugRun", "Debug", "A live run with the state of its nodes", anything, "404"),
        },
    }


def live(path: str) -> Json:
    """The operation that tells whether the process answers."""
    return get(id_of(path), "Health", "Whether the process answers", in_json("Live"))


def ready(path: str) -> Json:
    """The operation that tells readiness, which has a body of its own when it is 503."""
    summary = "Whether every model is loaded and the server does not drain"
    operation = get(id_of(path), "Health", summary, in_json("Health"))
    operation["responses"]["503"] = {"description": "It is not ready.", "content": in_json("Health")}
    return operation


def id_of(path: str) -> str:
    """An operation's id, of its path: "v1-health-ready"."""
    return path.strip("/").replace("/", "-")


def get(id: str, tag: str, summary: str, content: Json, *errors: str) -> Json:
    """An operation without a body."""
    return {
        "operationId": id,
        "summary": summary,
        "tags": [tag],
        "responses": {"200": {"description": "The answer.", "content": content}}
        | {status: reference(ERROR, status) for status in ("400", "401", "403", *errors, "421", "500")},
    }


def of_operators(id: str, summary: str, schema: str) -> Json:
    """An operation for those who run the server."""
    operation = get(id, "Server", summary, in_json(schema))
    operation["responses"]["403"] = {"description": "Not from here.", "content": in_json(ERROR)}
    return operation


def closed(**properties: Any) -> Json:
    """An object that has these properties and no others."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
