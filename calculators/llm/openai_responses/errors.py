"""What a Response says of its failure."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from ovpipe.errors import RequestError


def failure_of(error: RequestError) -> Mapping[str, Any]:
    """The member `error` of a Response that failed: OpenAI has few codes, and clients go by them.

    After `server_error` and `rate_limit_exceeded` they try again; after `invalid_prompt` they do not.
    """
    if error.status == HTTPStatus.TOO_MANY_REQUESTS:
        code = "rate_limit_exceeded"
    elif 400 <= error.status < 500 and error.status != HTTPStatus.REQUEST_TIMEOUT:
        code = "invalid_prompt"
    else:
        code = "server_error"
    return {"code": code, "message": error.message}
