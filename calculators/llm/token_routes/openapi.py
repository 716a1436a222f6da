"""What a tokenizer's graph says of itself in OpenAPI: requests by their tables, answers by their types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from ovpipe.calculators.llm.parameters.openapi import HEADERS, REF, Schema, request_schema
from ovpipe.calculators.llm.token_routes.answers import DetokenizeResponse, TokenizeResponse
from ovpipe.calculators.llm.token_routes.table import DETOKENIZE, TOKENIZE_CHAT, TOKENIZE_TEXT, BodyForm

OPERATIONS: Final[Mapping[str, Mapping[str, Any]]] = {
    "/tokenize": {
        "operationId": "tokenize",
        "summary": "Shows the tokens of a text, or of a conversation as the model would see it",
    },
    "/detokenize": {"operationId": "detokenize", "summary": "Turns tokens into a text"},
}
FORMS: Final[Mapping[str, tuple[BodyForm, ...]]] = {
    "/tokenize": (TOKENIZE_CHAT, TOKENIZE_TEXT),
    "/detokenize": (DETOKENIZE,),
}
EXAMPLES: Final[Mapping[str, Mapping[str, Any]]] = {
    "/tokenize": {"messages": [{"role": "user", "content": "Why is the sky blue?"}]},
    "/detokenize": {"tokens": [72, 105]},
}
ANSWERS: Final[Mapping[str, type[msgspec.Struct]]] = {
    "/tokenize": TokenizeResponse,
    "/detokenize": DetokenizeResponse,
}


def requests(*, unknown: bool) -> dict[str, Any]:
    """What the request parser takes; with `unknown` other parameters may be there."""
    schemas: dict[str, Schema] = {}
    paths: dict[str, Any] = {}
    for path, forms in FORMS.items():
        for form in forms:
            body, components = request_schema(form.rows.values(), form.request, {}, unknown=unknown)
            schemas |= {form.request.__name__: body} | components
        references = [{"$ref": REF.format(name=form.request.__name__)} for form in forms]
        content = {
            "schema": references[0] if len(forms) == 1 else {"anyOf": references},
            "example": EXAMPLES[path],
        }
        paths[path] = {
            "post": {
                **OPERATIONS[path],
                "tags": ["Tokens"],
                "requestBody": {"required": True, "content": {"application/json": content}},
            }
        }
    return {"paths": paths, "components": {"schemas": schemas}}


def answers() -> dict[str, Any]:
    """What the serializer gives."""
    _, schemas = msgspec.json.schema_components(ANSWERS.values(), ref_template=REF)
    return {
        "paths": {path: {"post": {"responses": {"200": answer(kind)}}} for path, kind in ANSWERS.items()},
        "components": {"schemas": schemas},
    }


def answer(kind: type[msgspec.Struct]) -> dict[str, Any]:
    """The response of a request that succeeds."""
    schema = {"$ref": REF.format(name=kind.__name__)}
    return {
        "description": f"A {kind.__name__}.",
        "headers": HEADERS,
        "content": {"application/json": {"schema": schema}},
    }
