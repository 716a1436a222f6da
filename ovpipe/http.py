"""What passes between the front door and the graphs behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request as the front door read it: one packet at timestamp 0.

    `path` is without a version prefix: /v1/chat/completions and /v3/chat/completions both come as
    /chat/completions. Header names are lower-case. `json` is the parsed body, already checked for
    depth, duplicate keys and numbers that are none.
    """

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    json: Any = None


@dataclass(frozen=True, slots=True)
class ResponseStart:
    """Status and headers; the first packet of every response."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ResponseBody:
    """A piece of the response's body, to be written at once."""

    data: bytes


ResponsePart = ResponseStart | ResponseBody


@runtime_checkable
class DescribesHttp(Protocol):
    """A calculator that says what it takes from requests, or gives to responses.

    The fragments of a graph's nodes are put together to what the server publishes at /openapi.json.
    """

    def openapi(self) -> Mapping[str, Any]:
        """A fragment of an OpenAPI 3.1 document: `paths`, without a version prefix, and `components.schemas`.

        Each node says its part: of one operation, one says the request's body and another the responses.
        Parts may overlap where they say the same. `#/components/schemas/Error` is the front door's.
        """
