"""What a tokenizer's graph says of itself in OpenAPI: requests by their tables, answers by their types."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from ovpipe.calculators.llm.parameters.openapi import HEADERS, REF, Schema, request_schema
from ovpipe.calculators.llm.parameters.request_parameter import Endpoint
from ovpipe.calculators.llm.token_routes.answers import (
    DetokenizeResponse,
    ParseResponse,
    RenderedRequest,
    TokenizeResponse,
)
from ovpipe.calculators.llm.token_routes.table import (
    DETOKENIZE,
    PARSE,
    TOKENIZE_CHAT,
    TOKENIZE_TEXT,
    BodyForm,
)

OPERATIONS: Final[Mapping[str, Mapping[str, Any]]] = {
    "/tokenize": {
        "operationId": "tokenize",
        "summary": "Shows the tokens of a text, or of a conversation as the model would see it",
    },
    "/detokenize": {"operationId": "detokenize", "summary": "Turns tokens into a text"},
    "/parse": {
        "operationId": "parseAnswer",
        "summary": "Reads a model's raw answer: content, thoughts and calls of tools",
    },
}
FORMS: Final[Mapping[str, tuple[BodyForm, ...]]] = {
    "/tokenize": (TOKENIZE_CHAT, TOKENIZE_TEXT),
    "/detokenize": (DETOKENIZE,),
    "/parse": (PARSE,),
}
EXAMPLES: Final[Mapping[str, Mapping[str, Any]]] = {
    "/tokenize": {"messages": [{"role": "user", "content": "Why is the sky blue?"}]},
    "/detokenize": {"tokens": [72, 105]},
    "/parse": {"text": "The sky is blue."},
}
ANSWERS: Final[Mapping[str, type[msgspec.Struct]]] = {
    "/tokenize": TokenizeResponse,
    "/detokenize": DetokenizeResponse,
    "/parse": ParseResponse,
}
RENDER: Final = "/render"
"""What follows the paths of a chat."""
RENDERS: Final[Mapping[str, Mapping[str, Any]]] = {
    Endpoint.CHAT: {
        "operationId": "renderChatCompletion",
        "summary": "Shows what the model would read of a conversation, and what the engine would be asked",
        "description": "Nothing is generated.",
    },
    Endpoint.COMPLETIONS: {
        "operationId": "renderCompletion",
        "summary": "Shows what the model would read of each prompt, and what the engine would be asked",
        "description": "Nothing is generated.",
    },
}


def requests(paths: Iterable[str], *, unknown: bool) -> dict[str, Any]:
    """What a request parser takes by some paths; with `unknown` other parameters may be there."""
    schemas: dict[str, Schema] = {}
    said: dict[str, Any] = {}
    for path in paths:
        forms = FORMS[path]
        for form in forms:
            body, components = request_schema(form.rows.values(), form.request, {}, unknown=unknown)
            schemas |= {form.request.__name__: body} | components
        references = [{"$ref": REF.format(name=form.request.__name__)} for form in forms]
        content = {
            "schema": references[0] if len(forms) == 1 else {"anyOf": references},
            "example": EXAMPLES[path],
        }
        said[path] = {
            "post": {
                **OPERATIONS[path],
                "tags": ["Tokens"],
                "requestBody": {"required": True, "content": {"application/json": content}},
            }
        }
    return {"paths": said, "components": {"schemas": schemas}}


def answers(paths: Iterable[str]) -> dict[str, Any]:
    """What a serializer gives by some paths."""
    kinds = {path: ANSWERS[path] for path in paths}
    _, schemas = msgspec.json.schema_components(kinds.values(), ref_template=REF)
    return {
        "paths": {path: {"post": {"responses": {"200": answer(kind)}}} for path, kind in kinds.items()},
        "components": {"schemas": schemas},
    }


def to_render(chat: Mapping[str, Any]) -> dict[str, Any]:
    """What the parser of requests to render takes: that of a chat, by other paths."""
    paths = {
        f"{path}{RENDER}": {"post": operations["post"] | RENDERS[path] | {"tags": ["Tokens"]}}
        for path, operations in chat["paths"].items()
    }
    return {**chat, "paths": paths}


def rendered() -> dict[str, Any]:
    """What the serializer of rendered requests gives."""
    _, schemas = msgspec.json.schema_components([RenderedRequest], ref_template=REF)
    return {
        "paths": {
            f"{path}{RENDER}": {
                "post": {"responses": {"200": answer(RenderedRequest, several=path == Endpoint.COMPLETIONS)}}
            }
            for path in Endpoint
        },
        "components": {"schemas": schemas},
    }


def answer(kind: type[msgspec.Struct], *, several: bool = False) -> dict[str, Any]:
    """The response of a request that succeeds."""
    schema: Schema = {"$ref": REF.format(name=kind.__name__)}
    if several:
        schema = {"type": "array", "items": schema}
    return {
        "description": f"A {kind.__name__} for each prompt." if several else f"A {kind.__name__}.",
        "headers": HEADERS,
        "content": {"application/json": {"schema": schema}},
    }
