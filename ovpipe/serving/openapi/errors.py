"""Errors in OpenAPI's form: by which statuses a route may refuse, in the shape of its family."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from ovpipe.http import Route
from ovpipe.http_errors import ErrorFamily
from ovpipe.serving.openapi.parts import Json, in_json, renamed
from ovpipe.serving.requests.error_responses import DEFAULT_ERRORS

RETRY_AFTER: Final = {
    "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "string", "pattern": "^[0-9]+$"}}
}
STATUSES: Final[Mapping[str, str]] = {
    "400": "The request is malformed, or a parameter is wrong: `param` names it.",
    "401": "The server needs an API key, and the request has none that is valid.",
    "403": "The key, or the page that asks, may not be used for this.",
    "404": "There is no such model, or the model does not serve this path.",
    "408": "The body did not come in time.",
    "413": "The body is too large.",
    "415": "The body is not declared as what the route takes, or is in a Content-Encoding that is not read.",
    "417": "An expectation other than 100-continue.",
    "421": "The request has a host name that this server does not answer to.",
    "429": "Too many requests.",
    "500": "The server failed; its log says why.",
    "503": "The model is not ready, its engine is being started again, or the server is shutting down.",
}
"""What any request to a graph may be answered with."""
OF_BODIES: Final = ("408", "413", "415", "417")


class ErrorParts:
    """The schemas and responses of the families that a document speaks of, each under a name of its own."""

    def __init__(self, schemas: Json) -> None:
        """`schemas` are the document's; those of families are added to them."""
        self.responses: Json = {}
        self._schemas = schemas
        self._families: list[tuple[ErrorFamily, str]] = []
        self._name(DEFAULT_ERRORS)

    def added(self, operation: Json, route: Route) -> Json:
        """The operation with the errors that the front door, and any node, may answer it with."""
        name = self._name(route.errors)
        said = operation["responses"]
        for status in statuses(route):
            response = said.setdefault(status, reference(name, status))
            if "$ref" not in response:
                response.setdefault("content", in_json(name))
        return operation | {"responses": {status: said[status] for status in sorted(said)}}

    def _name(self, errors: ErrorFamily) -> str:
        for known, name in self._families:
            if known == errors:
                return name
        name = errors.schema_name
        while name in self._schemas:
            name += "_"
        self._families.append((errors, name))
        self._schemas[name] = renamed(dict(errors.schema), {})
        self.responses |= {
            f"{name}{status}": {"description": description, "content": in_json(name)}
            | ({"headers": RETRY_AFTER} if status in ("429", "503") else {})
            for status, description in STATUSES.items()
        }
        return name


def statuses(route: Route) -> Iterator[str]:
    """Those that a route may refuse with: of a body only where it has one."""
    for status in STATUSES:
        if route.body == "none" and status in OF_BODIES:
            continue
        yield status


def reference(name: str, status: str) -> Json:
    """A reference to the response of an error in the family of that name."""
    return {"$ref": f"#/components/responses/{name}{status}"}
