"""Anthropic's errors: {"type": "error", "error": {"type", "message"}, "request_id"}, in streams too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import msgspec

from ovpipe.errors import RequestError
from ovpipe.http_errors import ErrorResponse, json_error

REQUEST_ID: Final = "request-id"
"""The header in which Anthropic's clients look for it."""
NO_THREADS: Final = "thread_unsupported_request"
"""The code of a request that wants the server to hold the conversation; the one that answers name."""
OVERLOADED: Final = frozenset(
    (
        *("server_overloaded", "model_overloaded", "too_many_connections"),
        *("prompt_queue_full", "queue_timeout", "engine_full", "too_many_long_requests"),
    )
)
"""The codes of what has more to do than it can, whoever asks: Anthropic's 529."""
TOO_LATE: Final = frozenset(
    ("request_deadline_exceeded", "first_token_timeout", "token_timeout", "prompt_timeout")
)
"""The codes of what was not done in time: Anthropic's 504."""
TYPES: Final[Mapping[int, str]] = MappingProxyType(
    {
        401: "authentication_error",
        403: "permission_error",
        404: "not_found_error",
        408: "timeout_error",
        413: "request_too_large",
        429: "rate_limit_error",
        504: "timeout_error",
        529: "overloaded_error",
    }
)
"""By status. Others are an invalid_request_error of the client's, or an api_error of the server's."""


def status_of(error: RequestError) -> int:
    """Anthropic's status of an error."""
    if error.code in OVERLOADED:
        return 529
    return 504 if error.code in TOO_LATE else error.status


def type_of(status: int) -> str:
    """What Anthropic calls the errors of a status."""
    return TYPES.get(status, "invalid_request_error" if status < 500 else "api_error")


@dataclass(frozen=True, slots=True)
class AnthropicErrors:
    """The family of errors of /v1/messages."""

    schema_name = "AnthropicError"
    schema = MappingProxyType(
        {
            "description": "The body of every error of the Messages API.",
            "type": "object",
            "properties": {
                "type": {"const": "error"},
                "error": {
                    "type": "object",
                    "properties": {
                        "type": {
                            "enum": sorted({*TYPES.values(), "invalid_request_error", "api_error"}),
                        },
                        "message": {"type": "string"},
                        "details": {
                            "type": "object",
                            "properties": {"error_code": {"const": NO_THREADS}},
                            "required": ["error_code"],
                            "additionalProperties": False,
                        },
                    },
                    "required": ["type", "message"],
                    "additionalProperties": False,
                },
                "request_id": {"type": ["string", "null"]},
            },
            "required": ["type", "error", "request_id"],
            "additionalProperties": False,
        }
    )

    def response(self, error: RequestError) -> ErrorResponse:
        """The error object, with Anthropic's status."""
        status = status_of(error)
        written = json_error(error, self._object(error, status))
        named = {} if error.request_id is None else {REQUEST_ID: error.request_id}
        return ErrorResponse(status, {**written.headers, **named}, written.body)

    def event(self, error: RequestError) -> bytes:
        """The error object as an event."""
        data = msgspec.json.encode(self._object(error, status_of(error)))
        return b"event: error\ndata: " + data + b"\n\n"

    def _object(self, error: RequestError, status: int) -> Mapping[str, Any]:
        # The words by which agents know that they have to compact their conversation.
        too_long = "prompt is too long: " if error.code == "context_length_exceeded" else ""
        details = {"details": {"error_code": error.code}} if error.code == NO_THREADS else {}
        return {
            "type": "error",
            "error": {"type": type_of(status), "message": too_long + error.message, **details},
            "request_id": error.request_id,
        }


ANTHROPIC_ERRORS: Final = AnthropicErrors()
