"""What the graph `responses` says of itself in OpenAPI: requests by its rows, answers by their types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from ovpipe.calculators.llm.openai_responses.parameters import ROWS, ResponsesPath
from ovpipe.calculators.llm.openai_responses.types import (
    DeletedResponse,
    ItemPage,
    ResponseObject,
    StreamEvent,
)
from ovpipe.calculators.llm.packets import ChatRequest
from ovpipe.calculators.llm.parameters.openapi import ERROR, REF, plain, request_schema
from ovpipe.calculators.llm.responses.shared import IGNORED_HEADER

REQUEST: Final = "ResponsesRequest"
EXAMPLE: Final = {"input": "Why is the sky blue?", "max_output_tokens": 64, "stream": True}


def requests(most: Mapping[str, int | None], *, unknown: bool) -> dict[str, Any]:
    """What the parser takes. `most` limits some parameters; with `unknown` others may be there."""
    schema, components = request_schema(ROWS.values(), ChatRequest, most, unknown=unknown)
    operation = {
        "operationId": "createResponse",
        "summary": "Answers a text or a conversation",
        "description": "The answer comes in one piece, or with `stream` as server-sent events.",
        "tags": ["Inference"],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {"$ref": REF.format(name=REQUEST)},
                    "example": EXAMPLE,
                }
            },
        },
    }
    return {
        "paths": {ResponsesPath.RESPONSES.value: {"post": operation}},
        "components": {"schemas": {REQUEST: schema, **components}},
    }


def answers() -> dict[str, Any]:
    """What the serializer gives. The schema of a stream is that of each of its events."""
    (whole, event), schemas = msgspec.json.schema_components([ResponseObject, StreamEvent], ref_template=REF)
    data = {"type": "string", "contentMediaType": "application/json", "contentSchema": plain(event)}
    answer = {
        "description": "A ResponseObject; with `stream` the events that come to one.",
        "headers": {
            IGNORED_HEADER: {
                "description": "What had no effect: parameters that nobody knows, and the like.",
                "schema": {"type": "string"},
            }
        },
        "content": {
            "application/json": {"schema": whole},
            "text/event-stream": {
                "schema": {
                    "type": "object",
                    "properties": {"event": {"type": "string"}, "data": data},
                    "required": ["event", "data"],
                }
            },
        },
    }
    return {
        "paths": {ResponsesPath.RESPONSES.value: {"post": {"responses": {"200": answer}}}},
        "components": {"schemas": {name: plain(schema) for name, schema in schemas.items()}},
    }


def lookups(one: str, items: str, cancel: str) -> dict[str, Any]:
    """What is asked about responses that are kept."""
    _, schemas = msgspec.json.schema_components([ResponseObject, DeletedResponse, ItemPage], ref_template=REF)

    def operation(name: str, summary: str, status: str, kind: str, **more: Any) -> dict[str, Any]:
        schema = {"$ref": REF.format(name=kind)}
        answer = {"description": summary, "content": {"application/json": {"schema": schema}}}
        return {
            "operationId": name,
            "summary": summary,
            "tags": ["Inference"],
            "responses": {status: answer},
        } | more

    return {
        "paths": {
            one: {
                "get": operation("getResponse", "A response that is kept", "200", "ResponseObject"),
                "delete": operation("deleteResponse", "Forgets a response", "200", "DeletedResponse"),
            },
            items: {
                "get": operation(
                    "listInputItems",
                    "What a response was made from",
                    "200",
                    "ItemPage",
                    parameters=[
                        query("limit", {"type": "integer", "minimum": 1, "maximum": 100, "default": 20}),
                        query("order", {"enum": ["asc", "desc"], "default": "desc"}),
                        query("after", {"type": "string"}),
                    ],
                )
            },
            cancel: {"post": operation("cancelResponse", "Refused: none is in the background", "400", ERROR)},
        },
        "components": {"schemas": {name: plain(schema) for name, schema in schemas.items()}},
    }


def query(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter in the address."""
    return {"name": name, "in": "query", "required": False, "schema": schema}
