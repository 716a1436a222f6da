"""The errors of /responses: OpenAI's, and in a stream an event of their own kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import msgspec

from ovpipe.errors import RequestError
from ovpipe.http_errors import OpenAIErrors


@dataclass(frozen=True, slots=True)
class OpenAIResponsesErrors(OpenAIErrors):
    """OpenAI's error object as a response's body; in a stream the event `error`, whose members are flat."""

    def event(self, error: RequestError) -> bytes:
        """The event `error`."""
        data = {
            "type": "error",
            "sequence_number": -1,
            "code": error.code or error.type,
            "message": error.message,
            "param": error.param,
        }
        return b"event: error\ndata: " + msgspec.json.encode(data) + b"\n\n"


RESPONSES_ERRORS: Final = OpenAIResponsesErrors()
