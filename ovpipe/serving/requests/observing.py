"""Observing: each request has an id and a record."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable
from typing import Any, Final
from uuid import uuid4

from aiohttp import web

from ovpipe.serving.requests.access_log import access_log, log_request
from ovpipe.serving.requests.current import serving
from ovpipe.serving.requests.record import CLIENT_LEFT, RECORD, RequestRecord

REQUEST_ID: Final = "X-Request-Id"
SANE_ID: Final = re.compile(r"[A-Za-z0-9._:@/+=-]{1,128}")
"""Ids that may stand in headers and in lines of a log as they are. Others are replaced."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def observing() -> Any:
    """The outermost of aiohttp's middlewares: it gives ids, and keeps the records of requests under way."""
    under_way: set[str] = set()

    @web.middleware
    async def observe(request: web.Request, handler: Handler) -> web.StreamResponse:
        record = RequestRecord(id_for(request.headers.get(REQUEST_ID), under_way))
        request[RECORD] = record
        under_way.add(record.id)
        try:
            with serving(record.id):
                response = await handler(request)
        except (asyncio.CancelledError, ConnectionError):  # of which aiohttp logs nothing
            record.status = record.status or CLIENT_LEFT
            if access_log.isEnabledFor(logging.INFO):
                log_request(request, record.status, request.writer.output_size, record.seconds)
            raise
        finally:
            under_way.discard(record.id)
        record.status = record.status or response.status
        return response

    return observe


def id_for(asked: str | None, under_way: set[str]) -> str:
    """The client's own id, if it is a sane one that no other request under way has; else a new one."""
    if asked is not None and SANE_ID.fullmatch(asked) and asked not in under_way:
        return asked
    return uuid4().hex


async def name_request(request: web.Request, response: web.StreamResponse) -> None:
    """Puts the request's id into the response's headers."""
    record = request.get(RECORD)
    if record is not None:
        response.headers[REQUEST_ID] = record.id
