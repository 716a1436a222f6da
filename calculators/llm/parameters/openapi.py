"""What the chat graph says of itself in OpenAPI: requests by the table of parameters, answers by types."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Annotated, Any, Final

import msgspec
from msgspec import inspect

from ovpipe.calculators.llm.packets import ChatRequest, CompletionRequest
from ovpipe.calculators.llm.parameters.engine_support import honours
from ovpipe.calculators.llm.parameters.request_parameter import Endpoint, RequestParameter
from ovpipe.calculators.llm.parameters.table import BY_NAME
from ovpipe.calculators.llm.responses.shared import IGNORED_HEADER
from ovpipe.calculators.llm.responses.types import (
    ChatCompletion,
    ChatCompletionChunk,
    TextCompletion,
    TextCompletionChunk,
)

Schema = dict[str, Any]
REF: Final = "#/components/schemas/{name}"
ERROR: Final = "Error"
"""The front door's own schema of errors."""
DONE: Final = "[DONE]"
HEADERS: Final[Mapping[str, Schema]] = {
    IGNORED_HEADER: {
        "description": "What had no effect: parameters that nobody knows, and the like.",
        "schema": {"type": "string"},
    }
}
"""Of every answer."""

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
    schemas: dict[str, Schema] = {}
    for path in Endpoint:
        schemas[REQUESTS[path]], components = request_schema(
            BY_NAME[path].values(), FIELDS[path], most, unknown=unknown
        )
        schemas |= components
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
        "components": {"schemas": schemas},
    }


def request_schema(
    rows: Collection[RequestParameter],
    request: type[msgspec.Struct],
    most: Mapping[str, int | None],
    *,
    unknown: bool,
) -> tuple[Schema, dict[str, Schema]]:
    """A request's body, with a property for each row of its table; and the schemas that it refers to.

    The fields of `request` have the defaults.
    """
    defaults = {field.name: field.default for field in msgspec.structs.fields(request)}
    found, components = msgspec.json.schema_components(
        [type_of(row, most.get(row.name)) for row in rows], ref_template=REF
    )
    properties = {
        row.name: plain(schema) | about(row, defaults.get(row.lands_in))
        for row, schema in zip(rows, found, strict=True)
    }
    body = {
        "type": "object",
        "properties": properties,
        "required": [row.name for row in rows if row.required],
        "additionalProperties": unknown,
    }
    return body, {name: plain(schema) for name, schema in components.items()}


def type_of(row: RequestParameter, most: int | None) -> Any:
    """What is taken of a parameter: by the limit of the server, and by what some engine honours.

    null means absent, so it is valid wherever the parameter need not be there.
    """
    kind = row.type
    if row.forms:
        kind = Annotated[Any, msgspec.Meta(extra_json_schema={"anyOf": forms_of(row)})]
    elif row.capability and not honours(None, row.capability):
        if not row.neutral:
            return None
        kind = Annotated[Any, msgspec.Meta(extra_json_schema={"enum": list(row.neutral)})]
    elif most is not None:
        limits = inspect.type_info(kind)
        assert isinstance(limits, inspect.IntType)
        assert limits.le is not None
        kind = Annotated[int, msgspec.Meta(ge=limits.ge, le=min(most, limits.le))]
    return kind if row.required else kind | None


def forms_of(row: RequestParameter) -> list[Schema]:
    """The schemas of a parameter that comes in several forms, of which none refers to another schema."""
    return [msgspec.json.schema(form) for form in row.forms]


def about(row: RequestParameter, default: Any) -> Schema:
    """What a parameter means, and its default."""
    doc = row.meaning
    if row.capability and not honours(None, row.capability):
        doc += " No engine of this server honours it yet."
    if row.config_key:
        doc += f" generation_config.json's {row.config_key} goes before the default."
    described: Schema = {"description": doc}
    if isinstance(default, bool | int | float | str) and default != "" and not row.spread:
        described["default"] = default
    return described


def plain(schema: Any) -> Any:
    """A schema without the discriminators of its unions, and without unions of one.

    A discriminator's references are bare strings, which nobody who renames schemas would find; tags do.
    """
    if isinstance(schema, list):
        return [plain(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if len(schema.get("anyOf", ())) == 1:
        schema = schema | schema["anyOf"][0]
        del schema["anyOf"]
    return {key: plain(value) for key, value in schema.items() if key != "discriminator"}


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
        "headers": HEADERS,
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
