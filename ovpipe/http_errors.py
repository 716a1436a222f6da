"""Families of errors: how the routes of one API write what goes wrong."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, Protocol

import msgspec

from ovpipe.errors import RequestError

DEFAULT_RETRY_AFTER: Final = 1.0
"""Seconds a client should wait after a 429 or 503 that does not say how long."""


@dataclass(frozen=True, slots=True)
class ErrorResponse:
    """An error as a whole response. Its headers name the body's Content-Type."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class ErrorFamily(Protocol):
    """How one API writes its errors. A Route carries its family.

    A family is a frozen value: graphs that share a route must carry equal ones.
    """

    @property
    def schema_name(self) -> str:
        """The name of the body's schema in OpenAPI documents."""

    @property
    def schema(self) -> Mapping[str, Any]:
        """The JSON Schema of the body."""

    def response(self, error: RequestError) -> ErrorResponse:
        """The error as a whole response."""

    def event(self, error: RequestError) -> bytes | None:
        """The error inside an event stream whose headers are out; None: this API has no such event.

        An answer that has its own way to fail says so in ResponseStart; this is for all others.
        The connection is then aborted, so that the client sees that the stream is not whole.
        """


def json_error(error: RequestError, body: Any) -> ErrorResponse:
    """A response with a JSON body. 429 and 503 always say when to come back."""
    headers = {"Content-Type": "application/json; charset=utf-8"}
    retry_after = error.retry_after
    if retry_after is None and error.status in (429, 503):
        retry_after = DEFAULT_RETRY_AFTER
    if retry_after is not None:
        headers["Retry-After"] = str(max(1, math.ceil(retry_after)))
    return ErrorResponse(error.status, headers, msgspec.json.encode(body))


@dataclass(frozen=True, slots=True)
class OpenAIErrors:
    """OpenAI's: {"error": {"message", "type", "param", "code"}}, in streams too."""

    schema_name = "Error"
    schema = MappingProxyType(
        {
            "description": "The body of every error.",
            "type": "object",
            "properties": {
                "error": {
                    "type": "object",
                    "properties": {
                        "message": {"type": "string"},
                        "type": {"type": "string"},
                        "param": {"type": ["string", "null"]},
                        "code": {"type": ["string", "null"]},
                    },
                    "required": ["message", "type", "param", "code"],
                    "additionalProperties": False,
                }
            },
            "required": ["error"],
            "additionalProperties": False,
        }
    )

    def response(self, error: RequestError) -> ErrorResponse:
        """The error object, with the error's status."""
        return json_error(error, self._object(error))

    def event(self, error: RequestError) -> bytes:
        """The error object as the data of one event."""
        return b"data: " + msgspec.json.encode(self._object(error)) + b"\n\n"

    def _object(self, error: RequestError) -> Mapping[str, Any]:
        return {
            "error": {
                "message": error.message,
                "type": error.type,
                "param": error.param,
                "code": error.code,
            }
        }


OPENAI_ERRORS: Final = OpenAIErrors()
