"""What the nodes of the Messages API say of themselves in OpenAPI."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from ovpipe.calculators.llm.anthropic_messages.endpoint import MessagesEndpoint
from ovpipe.calculators.llm.anthropic_messages.errors import ANTHROPIC_ERRORS
from ovpipe.calculators.llm.anthropic_messages.table import BY_NAME
from ovpipe.calculators.llm.anthropic_messages.types import MessageAnswer, MessageEvent, TokensCount
from ovpipe.calculators.llm.packets import ChatRequest
from ovpipe.calculators.llm.parameters.openapi import REF, Schema, request_schema
from ovpipe.calculators.llm.responses.shared import IGNORED_HEADER

OPERATIONS: Final[Mapping[MessagesEndpoint, Mapping[str, Any]]] = {
    MessagesEndpoint.MESSAGES: {
        "operationId": "createMessage",
        "summary": "Answers a conversation, as Anthropic's Messages API",
        "description": "The answer comes in one piece, or with `stream` as server-sent events.",
    },
    MessagesEndpoint.COUNT_TOKENS: {
        "operationId": "countMessageTokens",
        "summary": "Counts the tokens of a conversation",
        "description": "The prompt is made as for an answer, and nothing is generated.",
    },
}
REQUESTS: Final = {
    MessagesEndpoint.MESSAGES: "MessageRequest",
    MessagesEndpoint.COUNT_TOKENS: "MessageTokensRequest",
}
CONVERSATION: Final = {"messages": [{"role": "user", "content": "Why is the sky blue?"}]}
EXAMPLES: Final = {
    MessagesEndpoint.MESSAGES: {"max_tokens": 64, **CONVERSATION},
    MessagesEndpoint.COUNT_TOKENS: CONVERSATION,
}
IGNORED: Final = {
    IGNORED_HEADER: {
        "description": "What had no effect: parameters that nobody knows, and the like.",
        "schema": {"type": "string"},
    }
}


def requests(*, unknown: bool) -> dict[str, Any]:
    """What the request parser takes; with `unknown` other parameters may be there."""
    schemas: dict[str, Schema] = {}
    for path in MessagesEndpoint:
        rows = BY_NAME[path].values()
        schemas[REQUESTS[path]], components = request_schema(rows, ChatRequest, {}, unknown=unknown)
        schemas |= components
    return {
        "paths": {path.value: {"post": request_of(path)} for path in MessagesEndpoint},
        "components": {"schemas": schemas},
    }


def request_of(path: MessagesEndpoint) -> dict[str, Any]:
    """An operation with its body."""
    schema = {"$ref": REF.format(name=REQUESTS[path])}
    content = {"application/json": {"schema": schema, "example": EXAMPLES[path]}}
    return {
        **OPERATIONS[path],
        "tags": ["Inference"],
        "requestBody": {"required": True, "content": content},
    }


def answers() -> dict[str, Any]:
    """What the serializer gives. The schema of a stream is that of each of its events."""
    (message, event), schemas = msgspec.json.schema_components(
        (MessageAnswer, MessageEvent), ref_template=REF
    )
    error = dict(ANTHROPIC_ERRORS.schema)
    data = {
        "type": "string",
        "contentMediaType": "application/json",
        "contentSchema": {"anyOf": [event, error]},
    }
    response = {
        "description": "A Message; with `stream` its events, of which message_stop is the last.",
        "headers": IGNORED,
        "content": {
            "application/json": {"schema": message},
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
        "paths": {MessagesEndpoint.MESSAGES.value: {"post": {"responses": {"200": response, **failures()}}}},
        "components": {"schemas": schemas},
    }


def counts() -> dict[str, Any]:
    """What the node that counts gives."""
    (count,), schemas = msgspec.json.schema_components((TokensCount,), ref_template=REF)
    response = {
        "description": "How many tokens the prompt has.",
        "headers": IGNORED,
        "content": {"application/json": {"schema": count}},
    }
    return {
        "paths": {
            MessagesEndpoint.COUNT_TOKENS.value: {"post": {"responses": {"200": response, **failures()}}}
        },
        "components": {"schemas": schemas},
    }


def failures() -> dict[str, Any]:
    """The statuses that only this family of errors has."""
    content = {"application/json": {"schema": dict(ANTHROPIC_ERRORS.schema)}}
    return {
        "504": {"description": "A deadline has passed.", "content": content},
        "529": {
            "description": "The server or the model has more requests than it takes.",
            "content": content,
        },
    }
