"""One request's way through its graph: a run fed with one packet, its parts written out as they come."""

from __future__ import annotations

import asyncio
import logging
import re
import struct
from collections.abc import Awaitable, Callable
from functools import partial
from socket import SO_LINGER, SOL_SOCKET
from typing import NoReturn

from aiohttp import web
from aiohttp.http import StreamWriter

from ovpipe.errors import RequestError
from ovpipe.http import HttpRequest, ResponseBody, ResponseStart
from ovpipe.http_errors import ErrorFamily
from ovpipe.serving.limits import Limits
from ovpipe.serving.models.graph_lease import GraphLease
from ovpipe.serving.requests.record import CLIENT_LEFT, RequestRecord
from ovpipe.serving.requests.served_run import ServedRun, joined

log = logging.getLogger(__name__)

HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
NO_HEADER_VALUE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
RESET_ON_CLOSE = struct.pack("ii", 1, 0)
BODILESS = (204, 304)
"""Statuses of responses without a body, as HTTP has it."""


class Exchange:
    """Serves one request. However it ends, its run has ended, or is cancelled, when `respond` is over.

    `status` is what the answer came to, for the metrics. `errors` is the family of the route, `packet`
    what the run is fed with. Nothing here keeps the packet, whose body may be large, once the run has it.
    The run releases `lease`.
    """

    def __init__(
        self,
        request: web.Request,
        packet: HttpRequest,
        lease: GraphLease,
        limits: Limits,
        errors: ErrorFamily,
        record: RequestRecord | None = None,
    ) -> None:
        self.status = CLIENT_LEFT
        self._request = request
        self._model = lease.graph.model
        self._limits = limits
        self._id = packet.id
        self._has_body = True
        self._failed: Callable[[RequestError], bytes | None] = errors.event
        """What a stream ends with that fails."""
        self._packet: HttpRequest | None = packet
        self._run = ServedRun(lease, limits, packet.id, record=record)

    def stop(self, error: RequestError) -> None:
        """Ends the run; the client gets `error` if it still waits for something."""
        self._run.stop(error)

    async def respond(self) -> web.StreamResponse:
        """The response, written to its end. Raises RequestError as long as nothing has been written."""
        try:
            response, writer = await self._begin()
            await self._write_out(response, writer)
            if self._run.failure is None:
                await self._run.nodes_to_end()
            return response
        finally:
            await self._run.end()

    async def _begin(self) -> tuple[web.StreamResponse, StreamWriter]:
        try:
            start = await self._run.start(self._take_packet())
            _check_headers(start, self._run)
            response = web.StreamResponse(status=start.status, headers=start.headers)
            self._failed = start.failed or self._failed
        except Exception as error:
            raise self._to_client_error(error) from error
        writer = await response.prepare(self._request)
        assert isinstance(writer, StreamWriter)
        self.status = start.status
        self._has_body = self._request.method != "HEAD" and start.status not in BODILESS
        return response, writer

    def _take_packet(self) -> HttpRequest:
        packet, self._packet = self._packet, None
        assert packet is not None, "a response is begun once"
        return packet

    async def _write_out(self, response: web.StreamResponse, writer: StreamWriter) -> None:
        try:
            while await self._run.reader.pour(partial(self._put, writer)):
                await self._bounded(writer.drain())
        except ConnectionError:
            self.status = CLIENT_LEFT
            raise
        except Exception as error:
            client_error = self._to_client_error(error)
            streams = response.content_type == "text/event-stream"
            event = self._failed(client_error) if streams else None
            if event is None:
                self._abort("the response has begun and cannot be completed")
            if not self._put(writer, [ResponseBody(event)]):
                await self._bounded(writer.drain())
        await self._bounded(response.write_eof())

    def _put(self, writer: StreamWriter, parts: list[object]) -> bool:
        """Writes parts, in the run's own turn; returns whether the client keeps up."""
        data = joined(parts, self._run)
        if not self._has_body:
            return True
        for _ in writer.write(data, drain=False).__await__():
            raise RuntimeError("aiohttp's write was to return at once: with drain=False")
        return not self._request.protocol.writing_paused

    async def _bounded(self, writing: Awaitable[None]) -> None:
        """Waits for a client to read, but not for ever."""
        try:
            async with asyncio.timeout(self._limits.write_seconds):
                await writing
        except TimeoutError:
            self.status = CLIENT_LEFT
            self._abort(f"the client has read nothing for {self._limits.write_seconds:g} s")

    def _abort(self, why: str) -> NoReturn:
        """Resets the connection: what still waits in the kernel is dropped, and the client sees a failure."""
        log.info("model %r: a connection was aborted: %s", self._model, why)
        transport = self._request.transport
        if transport is not None:
            transport.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, RESET_ON_CLOSE)
            transport.abort()
        raise ConnectionAbortedError(why)

    def _to_client_error(self, error: Exception) -> RequestError:
        client_error = self._run.to_client_error(error)
        client_error.request_id = self._id
        self.status = client_error.status
        return client_error


def _check_headers(start: ResponseStart, run: ServedRun) -> None:
    """Refuses headers that HTTP cannot carry, while an error can still be answered."""
    for name, value in start.headers.items():
        if not HEADER_NAME.fullmatch(name) or NO_HEADER_VALUE.search(value):
            raise ValueError(f"{run.writer} gave a header that HTTP cannot carry: {name!r}: {value!r}")
