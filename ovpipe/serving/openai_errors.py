"""Errors as OpenAI's API writes them: {"error": {"message", "type", "param", "code"}}."""

from __future__ import annotations

import math
from collections.abc import Iterable

import msgspec
from aiohttp import web

from ovpipe.errors import RequestError

DEFAULT_RETRY_AFTER = 1.0
"""Seconds a client should wait after a 429 or 503 that does not say how long."""


def internal_error() -> RequestError:
    """What a client is told of a failure that is not its own: nothing of the inside."""
    return RequestError(500, "The server had an error while processing your request.", code="internal_error")


def unknown_url() -> RequestError:
    """The 404 of a path that no route has."""
    return RequestError(
        404,
        "Unknown request URL. There are POST /v1/chat/completions, POST /v1/completions and GET /v1/models.",
        code="unknown_url",
    )


def wrong_method(allowed: Iterable[str]) -> RequestError:
    """The 405 of a path that has routes for other methods only."""
    return RequestError(
        405,
        f"The request's method is not allowed here; allowed: {', '.join(sorted(allowed))}.",
        code="method_not_allowed",
    )


def body_too_large(limit: int) -> RequestError:
    """The 413 of a body that is, once decompressed, over the limit."""
    return RequestError(
        413, f"The request body is larger than the limit of {limit} bytes.", code="request_too_large"
    )


def shutting_down() -> RequestError:
    """The 503 of a server that drains."""
    return RequestError(503, "The server is shutting down.", code="shutting_down", retry_after=5)


def error_object(error: RequestError) -> bytes:
    """The error as JSON."""
    return msgspec.json.encode(
        {
            "error": {
                "message": error.message,
                "type": error.type,
                "param": error.param,
                "code": error.code,
            }
        }
    )


def error_event(error: RequestError) -> bytes:
    """The error as an event of a stream whose headers are already out."""
    return b"data: " + error_object(error) + b"\n\n"


def error_response(error: RequestError) -> web.Response:
    """The error as a whole answer. 429 and 503 always say when to come back."""
    response = web.Response(
        status=error.status, body=error_object(error), content_type="application/json", charset="utf-8"
    )
    retry_after = error.retry_after
    if retry_after is None and error.status in (429, 503):
        retry_after = DEFAULT_RETRY_AFTER
    if retry_after is not None:
        response.headers["Retry-After"] = str(max(1, math.ceil(retry_after)))
    return response
