"""One client's connection: aiohttp's, with errors of its own written as JSON."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from aiohttp import StreamReader, web

from ovpipe.errors import RequestError
from ovpipe.serving.admission.connections import Connections
from ovpipe.serving.refusals import internal_error
from ovpipe.serving.requests.error_responses import error_response

log = logging.getLogger(__name__)


class Connection(web.RequestHandler):
    """Answers what is no valid HTTP with an error object, and logs it as one line.

    `cut` says that the client ended its side of the connection amid a body: it may have left, or it waits for
    what is said of half a body.
    """

    cut = False
    _last_body: StreamReader | None = None

    def __init__(self, manager: web.Server, connections: Connections, **options: Any) -> None:
        """`options` are those of aiohttp."""
        super().__init__(manager, **options)
        self._connections = connections

    @property
    def is_spare(self) -> bool:
        """Whether it is beyond the limit, and so for the server's own routes only."""
        return self._connections.is_spare(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Takes a place, which another connection may have to leave."""
        super().connection_made(transport)
        self._connections.opened(self)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Leaves its place."""
        self._connections.closed(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Remembers the body that may still be on its way, which is the last one."""
        super().data_received(data)
        if self._messages:
            self._last_body = self._messages[-1][1]
            self._connections.busy(self)

    def eof_received(self) -> bool | None:  # type: ignore[override]  # asyncio's: True keeps our side open
        """Fails the body that is cut short here, so that it is answered; else the connection closes."""
        body = self._last_body
        if body is None or body.is_eof() or body.exception() is not None:
            return None
        self.cut = True
        self._lingering_time = 0.0  # nothing more comes
        body.set_exception(web.RequestPayloadError("the client has closed the connection"))
        return None if self.ssl_context is not None else True  # TLS has no half that stays open

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Nobody reads the body any more, once there is an answer."""
        self._last_body = None
        finished = await super().finish_response(request, resp, start_time)
        if not self._messages:
            self._connections.idle(self)
        return finished

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


def is_spare(request: web.BaseRequest) -> bool:
    """Whether the request came over a connection beyond the limit."""
    return isinstance(request.protocol, Connection) and request.protocol.is_spare


def is_cut(request: web.BaseRequest) -> bool:
    """Whether the client has ended its side of the connection amid the request's body."""
    return isinstance(request.protocol, Connection) and request.protocol.cut
