"""What the chat graph says of itself in OpenAPI: requests by the table of parameters, answers by types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from ovpipe.calculators.llm.packets import ChatRequest, CompletionRequest
from ovpipe.calculators.llm.parameters.table import BY_NAME, Endpoint, Parameter
from ovpipe.calculators.llm.parameters.values import OtherEngine, Schema
from ovpipe.calculators.llm.responses.shared import IGNORED_HEADER
from ovpipe.calculators.llm.responses.types import (
    ChatCompletion,
    ChatCompletionChunk,
    TextCompletion,
    TextCompletionChunk,
)

REF: Final = "#/components/schemas/{name}"
ERROR: Final = "Error"
"""The front door's own schema of errors."""
DONE: Final = "[DONE]"

OPERATIONS: Final[Mapping[Endpoint, Mapping[str, Any]]] = {
    Endpoint.CHAT: {
        "operationId": "createChatCompletion",
        "summary": "Answers a conversation",
        "description": "The answer comes in one piece, or with `stream` as server-sent events.",
    },
    Endpoint.COMPLETIONS: {
        "operationId": "createCompletion",
        "summary": "Continues a text",
        "description": "The answer comes in one piece, or with `stream` as server-sent events.",
    },
}
REQUESTS: Final = {Endpoint.CHAT: "ChatCompletionRequest", Endpoint.COMPLETIONS: "TextCompletionRequest"}
FIELDS: Final[Mapping[Endpoint, type[msgspec.Struct]]] = {
    Endpoint.CHAT: ChatRequest,
    Endpoint.COMPLETIONS: CompletionRequest,
}
EXAMPLES: Final[Mapping[Endpoint, Mapping[str, Any]]] = {
    Endpoint.CHAT: {
        "messages": [{"role": "user", "content": "Why is the sky blue?"}],
        "max_tokens": 64,
        "stream": True,
    },
    Endpoint.COMPLETIONS: {"prompt": "The sky is blue because", "max_tokens": 64, "stream": True},
}
ANSWERS: Final[Mapping[Endpoint, tuple[type[msgspec.Struct], type[msgspec.Struct]]]] = {
    Endpoint.CHAT: (ChatCompletion, ChatCompletionChunk),
    Endpoint.COMPLETIONS: (TextCompletion, TextCompletionChunk),
}
"""What comes in one piece, and what the pieces of a stream are."""


def requests(most: Mapping[str, int | None], *, unknown: bool) -> dict[str, Any]:
    """What the request parser takes. `most` limits some parameters; with `unknown` others may be there."""
    return {
        "paths": {
            path.value: {
                "post": {
                    **OPERATIONS[path],
                    "tags": ["Inference"],
                    "requestBody": {
                        "required": True,
                        "content": {
                            "application/json": {
                                "schema": {"$ref": REF.format(name=REQUESTS[path])},
                                "example": EXAMPLES[path],
                            }
                        },
                    },
                }
            }
            for path in Endpoint
        },
        "components": {
            "schemas": {REQUESTS[path]: request_schema(path, most, unknown=unknown) for path in Endpoint}
        },
    }


def request_schema(path: Endpoint, most: Mapping[str, int | None], *, unknown: bool) -> Schema:
    """A request's body: a property for each row of the table."""
    rows = BY_NAME[path].values()
    defaults = {field.name: field.default for field in msgspec.structs.fields(FIELDS[path])}
    return {
        "type": "object",
        "properties": {
            row.name: property_of(row, defaults.get(row.lands_in), most.get(row.name)) for row in rows
        },
        "required": [row.name for row in rows if row.required],
        "additionalProperties": unknown,
    }


def property_of(row: Parameter, default: Any, most: int | None) -> Schema:
    """One parameter. null means absent, so it is valid wherever the parameter need not be there."""
    schema = row.kind.schema()
    if most is not None:
        schema = schema | {"maximum": min(most, schema["maximum"])}
    doc = row.doc
    if isinstance(row.kind, OtherEngine):
        doc += " Refused: it needs the engine 'paged'."
    if row.config_key:
        doc += f" generation_config.json's {row.config_key} goes before the default."
    told: Schema = {"description": doc}
    if isinstance(default, bool | int | float | str) and row.is_built and not row.spread:
        told["default"] = default
    return (schema if row.required else nullable(schema)) | told


def nullable(schema: Schema) -> Schema:
    """What the schema allows, or null."""
    if schema == {"not": {}}:
        return {"type": "null"}
    if isinstance(schema.get("type"), str) and not {"enum", "const"} & schema.keys():
        return schema | {"type": [schema["type"], "null"]}
    if schema.keys() == {"anyOf"}:
        return {"anyOf": [*schema["anyOf"], {"type": "null"}]}
    return {"anyOf": [schema, {"type": "null"}]}


def answers() -> dict[str, Any]:
    """What the serializer gives."""
    kinds = [kind for pair in ANSWERS.values() for kind in pair]
    _, schemas = msgspec.json.schema_components(kinds, ref_template=REF)
    return {
        "paths": {path.value: {"post": {"responses": {"200": answer(path)}}} for path in Endpoint},
        "components": {"schemas": schemas},
    }


def answer(path: Endpoint) -> dict[str, Any]:
    """The response of a request that succeeds. The schema of a stream is that of each of its events."""
    whole, chunk = (kind.__name__ for kind in ANSWERS[path])
    return {
        "description": f"A {whole}; with `stream` a {chunk} an event, and [DONE] as the last.",
        "headers": {
            IGNORED_HEADER: {
                "description": "The parameters that nobody knows, which were let through without effect.",
                "schema": {"type": "string"},
            }
        },
        "content": {
            "application/json": {"schema": {"$ref": REF.format(name=whole)}},
            "text/event-stream": {"schema": event(chunk)},
        },
    }


def event(chunk: str) -> Schema:
    """A server-sent event whose data is a chunk, the end, or an error that came too late for a status."""
    either = {"anyOf": [{"$ref": REF.format(name=name)} for name in (chunk, ERROR)]}
    return {
        "type": "object",
        "properties": {
            "data": {
                "anyOf": [
                    {"const": DONE},
                    {"type": "string", "contentMediaType": "application/json", "contentSchema": either},
                ]
            }
        },
        "required": ["data"],
    }
