"""The errors of /responses: OpenAI's, and in a stream an event of their own kind."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import msgspec

from ovpipe.errors import RequestError
from ovpipe.http_errors import OpenAIErrors

NUMBER: Final = re.compile(
    rb'^(?:data: \{"type":"[\w.]+","sequence_number":|: keep-alive )(-?\d+)', re.MULTILINE
)
"""In an event, or in the comment of a stream that has been silent."""


@dataclass(frozen=True, slots=True)
class OpenAIResponsesErrors(OpenAIErrors):
    """OpenAI's error object as a response's body; in a stream the event `error`, whose members are flat."""

    def event(self, error: RequestError, last: bytes = b"") -> bytes:
        """The event `error`, with the number after that of the last event."""
        numbers = NUMBER.findall(last)
        data = {
            "type": "error",
            "sequence_number": int(numbers[-1]) + 1 if numbers else 0,
            "code": error.code or error.type,
            "message": error.message,
            "param": error.param,
        }
        return b"event: error\ndata: " + msgspec.json.encode(data) + b"\n\n"


RESPONSES_ERRORS: Final = OpenAIResponsesErrors()
