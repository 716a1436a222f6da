"""Errors on their way out: before a response has begun, they are written by the family of their route."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web

from ovpipe.errors import RequestError
from ovpipe.http_errors import OPENAI_ERRORS, ErrorFamily
from ovpipe.serving.refusals import (
    SHUTTING_DOWN,
    TOO_MANY_CONNECTIONS,
    UNKNOWN_CODING,
    internal_error,
    wrong_method,
)
from ovpipe.serving.requests.content_codings import TAKEN
from ovpipe.serving.requests.record import RECORD

log = logging.getLogger(__name__)

ERRORS: Final = web.RequestKey[ErrorFamily]("errors")
"""Where a request keeps the family of its route, once that is known."""
DEFAULT_ERRORS: Final[ErrorFamily] = OPENAI_ERRORS
"""The family of what has no route: unknown paths, and the server's own."""


def error_response(error: RequestError, errors: ErrorFamily = DEFAULT_ERRORS) -> web.Response:
    """The error as a whole response."""
    written = errors.response(error)
    response = web.Response(status=written.status, headers=written.headers, body=written.body)
    if error.status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="ovpipe"'  # RFC 9110, section 11.6.1
    if error.code == UNKNOWN_CODING:
        response.headers["Accept-Encoding"] = ", ".join(TAKEN)  # RFC 9110, section 12.5.3
    return response


def refusal_of(request: web.Request, error: RequestError) -> web.Response:
    """The answer to a request, by the family of its route."""
    record = request.get(RECORD)
    error.request_id = None if record is None else record.id
    response = error_response(error, request.get(ERRORS, DEFAULT_ERRORS))
    if error.code in (SHUTTING_DOWN, TOO_MANY_CONNECTIONS):
        response.force_close()
    return response


@web.middleware
async def errors_by_family(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Answers whatever goes wrong before a response has begun."""
    try:
        return await handler(request)
    except RequestError as error:
        response = refusal_of(request, error)
    except web.HTTPMethodNotAllowed as error:
        response = refusal_of(request, wrong_method(error.allowed_methods))
        response.headers["Allow"] = ", ".join(sorted(error.allowed_methods))
    except web.HTTPNotFound:  # of aiohttp's router: no path at all, as in `OPTIONS *`
        response = refusal_of(request, RequestError(404, "Unknown request URL.", code="unknown_url"))
    except web.HTTPException as error:
        response = refusal_of(request, RequestError(error.status, f"{error.reason}."))
    except ConnectionError:
        raise
    except Exception as error:
        log.error("a request to %r failed: %r", request.path, error, exc_info=error)
        response = refusal_of(request, internal_error())
    return response
