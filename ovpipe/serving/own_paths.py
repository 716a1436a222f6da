"""What the front door itself answers, in OpenAPI's form: its routes, and its errors on all others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from ovpipe.serving.fragments import ERROR
from ovpipe.serving.model import ModelState
from ovpipe.serving.openapi_parts import Json, reference

ROOT: Final = [{"url": "/"}]
RETRY_AFTER: Final = {
    "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "string", "pattern": "^[0-9]+$"}}
}

ERRORS: Final[Mapping[str, str]] = {
    "400": "The request is malformed, or a parameter is wrong: `param` names it.",
    "404": "There is no such model, or the model does not serve this path.",
    "408": "The body did not come in time.",
    "413": "The body is too large.",
    "415": "The body is not declared as JSON.",
    "417": "An expectation other than 100-continue.",
    "429": "Too many requests.",
    "500": "The server failed; its log says why.",
    "503": "The model is not ready, its engine is being started again, or the server is shutting down.",
}
"""What any request for inference may be answered with."""


def own_schemas() -> Json:
    """The front door's schemas."""
    text, may_be_null = {"type": "string"}, {"type": ["string", "null"]}
    error = closed(message=text, type=text, param=may_be_null, code=may_be_null)
    model = closed(
        id=text,
        object={"const": "model"},
        created={"type": "integer", "description": "Unix seconds."},
        owned_by={"const": "ovpipe"},
    )
    return {
        ERROR: closed(error=error) | {"description": "What every error is told in."},
        "Model": model | {"description": "A model that takes requests."},
        "ModelList": closed(object={"const": "list"}, data={"type": "array", "items": reference("Model")}),
        "Health": closed(
            status={"enum": ["ready", "not ready", "draining"]},
            models={"type": "object", "additionalProperties": {"enum": [*ModelState]}},
        )
        | {"description": "Whether the server takes requests, and each model's state."},
        "Live": closed(status={"const": "live"}),
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
        "/health/live": root | {"get": get("live", "Server", "Whether the process answers", in_json("Live"))},
        "/health/ready": root | {"get": ready()},
        "/metrics": root
        | {"get": get("metrics", "Server", "Figures in Prometheus' text format", {"text/plain": {}})},
        "/openapi.json": root
        | {
            "get": get(
                "openapi", "Server", "This document", {"application/json": {"schema": {"type": "object"}}}
            )
        },
        "/docs": root | {"get": get("docs", "Server", "This document as a page", {"text/html": {}})},
    }


def ready() -> Json:
    """The operation that tells readiness, which has a body of its own when it is 503."""
    operation = get(
        "ready", "Server", "Whether every model is loaded and the server does not drain", in_json("Health")
    )
    operation["responses"]["503"] = {"description": "It is not ready.", "content": in_json("Health")}
    return operation


def get(id: str, tag: str, summary: str, content: Json, *errors: str) -> Json:
    """An operation without a body."""
    return {
        "operationId": id,
        "summary": summary,
        "tags": [tag],
        "responses": {"200": {"description": "The answer.", "content": content}}
        | {status: error_reference(status) for status in ("400", *errors, "500")},
    }


def own_errors() -> Json:
    """The responses that `error_reference` refers to."""
    return {
        f"Error{status}": {"description": description, "content": in_json(ERROR)}
        | ({"headers": RETRY_AFTER} if status in ("429", "503") else {})
        for status, description in ERRORS.items()
    }


def error_reference(status: str) -> Json:
    """A reference to the response of an error."""
    return {"$ref": f"#/components/responses/Error{status}"}


def in_json(schema: str) -> Json:
    """Content of that schema."""
    return {"application/json": {"schema": reference(schema)}}


def closed(**properties: Any) -> Json:
    """An object that has these properties and no others."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
