"""One request's way through its graph: a run fed with one packet, its parts written out as they come."""

from __future__ import annotations

import asyncio
import logging
import re
import struct
from collections.abc import Awaitable
from functools import partial
from socket import SO_LINGER, SOL_SOCKET
from typing import NoReturn

from aiohttp import web
from aiohttp.http import StreamWriter

from ovpipe.errors import RequestError, RunCancelled, RunError
from ovpipe.http import HttpRequest, ResponseBody, ResponseStart
from ovpipe.runtime.reader import Reader
from ovpipe.runtime.silence import SilenceWatch
from ovpipe.serving.failures import as_request_error
from ovpipe.serving.limits import Limits
from ovpipe.serving.model import Model
from ovpipe.serving.openai_errors import error_event, internal_error

log = logging.getLogger(__name__)

HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
NO_HEADER_VALUE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
RESET_ON_CLOSE = struct.pack("ii", 1, 0)
CLIENT_LEFT = 499
"""nginx's status for an answer that found nobody; only figures show it."""


class Exchange:
    """Serves one request. However it ends, its run has ended, or was told to, when `respond` is over.

    `status` is what the answer came to, for the figures.
    """

    def __init__(self, request: web.Request, model: Model, limits: Limits) -> None:
        self.status = CLIENT_LEFT
        self._request = request
        self._model = model
        self._limits = limits
        self._run = model.ready_graph().run()
        self._stopped_with: RequestError | None = None
        self._failure: Exception | None = None
        self._watch = SilenceWatch(limits.silent_seconds, lambda: self._run.turns, self._run_is_silent)

    def stop(self, error: RequestError) -> None:
        """Ends the run; the client is told `error` if it still waits for something."""
        self._stopped_with = self._stopped_with or error
        self._run.cancel()

    async def respond(self, packet: HttpRequest) -> web.StreamResponse:
        """The response, written to its end. Raises RequestError as long as nothing has been written."""
        try:
            reader = self._run.read(self._model.output)
            start = await self._start(reader, packet)
            response = await self._write_out(start, reader)
            if self._failure is None:
                await self._nodes_to_end()
            return response
        finally:
            self._watch.stop()
            await self._end_run()

    async def _start(self, reader: Reader, packet: HttpRequest) -> ResponseStart:
        try:
            await self._run.send(self._model.input, packet)
            self._run.close_inputs()
            async for first in reader:
                if isinstance(first.value, ResponseStart):
                    return first.value
                raise _wrong_part(first.value, "ResponseStart")
            raise TypeError("the graph's output ended without a ResponseStart")
        except Exception as error:
            raise self._told(error) from error

    async def _write_out(self, start: ResponseStart, reader: Reader) -> web.StreamResponse:
        try:
            _check_headers(start)
            response = web.StreamResponse(status=start.status, headers=start.headers)
        except Exception as error:
            raise self._told(error) from error
        writer = await response.prepare(self._request)
        assert isinstance(writer, StreamWriter)
        self.status = start.status
        try:
            while await reader.pour(partial(self._put, writer)):
                await self._bounded(writer.drain())
        except ConnectionError:
            self.status = CLIENT_LEFT
            raise
        except Exception as error:
            event = error_event(self._told(error))
            if response.content_type != "text/event-stream":
                self._abort("the response has begun and cannot be completed")
            if not self._put(writer, [ResponseBody(event)]):
                await self._bounded(writer.drain())
        await self._bounded(response.write_eof())
        return response

    def _put(self, writer: StreamWriter, parts: list[object]) -> bool:
        """Writes parts, in the run's own turn; returns whether the client keeps up."""
        for _ in writer.write(_joined(parts), drain=False).__await__():
            raise RuntimeError("aiohttp's write was to return at once: it was told not to drain")
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
        log.info("model %r: a connection was aborted: %s", self._model.name, why)
        transport = self._request.transport
        if transport is not None:
            transport.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, RESET_ON_CLOSE)
            transport.abort()
        raise ConnectionAbortedError(why)

    def _told(self, error: Exception) -> RequestError:
        """What the client is told of a failure."""
        self._failure = error
        if self._stopped_with is not None and isinstance(error, RunCancelled):
            told = self._stopped_with
        else:
            told = as_request_error(error, self._model.name)
        self.status = told.status
        return told

    async def _nodes_to_end(self) -> None:
        """The response is whole; what its nodes still do must end too, and a failure there is only logged."""
        try:
            await self._run.wait()
        except (RunError, RunCancelled) as error:
            self._failure = error
            as_request_error(error, self._model.name)

    async def _end_run(self) -> None:
        """Cancels what is left of the run and waits, within a bound, until its nodes have closed."""
        self._run.cancel()
        try:
            async with asyncio.timeout(self._limits.run_close_seconds):
                await self._run.wait()
        except RunCancelled:
            return
        except RunError as error:
            if self._failure is None:
                as_request_error(error, self._model.name)
        except TimeoutError:
            log.warning(
                "model %r: the nodes of a cancelled run did not close within %g s; it is left behind",
                self._model.name,
                self._limits.run_close_seconds,
            )

    def _run_is_silent(self) -> None:
        self._watch.stop()
        log.error(
            "model %r: nothing has moved in a run for %g s; it is cancelled: %s",
            self._model.name,
            self._limits.silent_seconds,
            self._run.explain_stall(),
        )
        self.stop(internal_error())


def _joined(parts: list[object]) -> bytes:
    """The bytes of all parts that wait, for one write."""
    pieces = []
    for part in parts:
        if not isinstance(part, ResponseBody):
            raise _wrong_part(part, "ResponseBody")
        pieces.append(part.data)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _check_headers(start: ResponseStart) -> None:
    """Refuses headers that HTTP cannot carry, while an error can still be answered."""
    for name, value in start.headers.items():
        if not HEADER_NAME.fullmatch(name) or NO_HEADER_VALUE.search(value):
            raise ValueError(f"the graph's output gave a header that HTTP cannot carry: {name!r}: {value!r}")


def _wrong_part(value: object, due: str) -> TypeError:
    return TypeError(f"the graph's output gave a {type(value).__name__} where a {due} is due")
