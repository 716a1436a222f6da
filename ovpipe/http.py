"""What passes between the front door and the graphs behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


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
