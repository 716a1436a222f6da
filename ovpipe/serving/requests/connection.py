"""One client's connection: aiohttp's, with errors of its own written as JSON."""

from __future__ import annotations

import logging

from aiohttp import web

from ovpipe.errors import RequestError
from ovpipe.serving.refusals import internal_error
from ovpipe.serving.requests.error_responses import error_response

log = logging.getLogger(__name__)


class Connection(web.RequestHandler):
    """Answers what is no valid HTTP with an error object, and logs it as one line."""

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """The answer to a request that never reached the application, or that broke it."""
        if request.writer.output_size > 0:
            raise ConnectionError("the response has begun; no error can be sent")
        if status < 500:
            log.info("a malformed request from %s was refused: %s", request.remote, type(exc).__name__)
            error = RequestError(status, "The request is not valid HTTP.", code="malformed_request")
        else:
            log.error("a request from %s failed: %r", request.remote, exc, exc_info=exc)
            error = internal_error()
        response = error_response(error)
        response.force_close()
        return response
