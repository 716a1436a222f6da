"""RequestTracer: what makes a trace of each request. The server knows no more of it than this."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol

from aiohttp import web

from ovpipe.runtime.watching.listener import Listener
from ovpipe.serving.requests.record import RequestRecord


class RequestSpan(Protocol):
    """A request that is traced. Nothing here raises."""

    @property
    def trace_id(self) -> str:
        """Of the trace that the span belongs to, 32 hexadecimal digits."""

    @property
    def listener(self) -> Listener | None:
        """What hears of the request's run; None where the trace is not recorded."""

    def end(self, record: RequestRecord, method: str, path: str) -> None:
        """The request is over."""


class RequestTracer(Protocol):
    """Begins spans."""

    def begin(self, headers: Mapping[str, str]) -> RequestSpan:
        """The span of a request with these headers, which may name the trace that it belongs to."""


@contextmanager
def traced(tracer: RequestTracer | None, request: web.Request, record: RequestRecord) -> Iterator[None]:
    """A span around a request, if somebody traces. It ends after the record is complete."""
    if tracer is None:
        yield
        return
    span = tracer.begin(request.headers)
    record.trace_id, record.listener = span.trace_id, span.listener
    try:
        yield
    finally:
        span.end(record, request.method, request.rel_url.raw_path)
