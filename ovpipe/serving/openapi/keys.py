"""API keys in OpenAPI's form: which headers carry one, and what needs none."""

from __future__ import annotations

from typing import Final

from ovpipe.serving.openapi.parts import Json
from ovpipe.serving.security.credentials import KEY_HEADERS
from ovpipe.serving.security.roles import is_public

SCHEMES: Final[Json] = {
    "bearer": {"type": "http", "scheme": "bearer"},
    **{name: {"type": "apiKey", "in": "header", "name": name} for name in KEY_HEADERS},
}


def with_keys(document: Json) -> Json:
    """The document of a server that asks for a key, in any of these headers, but for health."""
    paths = {
        path: item | {"get": item["get"] | {"security": []}} if is_public(path) else item
        for path, item in document["paths"].items()
    }
    components = {**document["components"], "securitySchemes": SCHEMES}
    return {
        **document,
        "paths": paths,
        "components": components,
        "security": [{name: []} for name in SCHEMES],
    }
