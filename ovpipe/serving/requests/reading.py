"""Reading a request: what its route asks for, within the limits, becomes one HttpRequest."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, Mapping
from typing import Final

from aiohttp import web

from ovpipe.http import HttpRequest, Route
from ovpipe.serving.admission.clients import client_of
from ovpipe.serving.limits import Limits
from ovpipe.serving.refusals import body_too_large, body_too_slow, broken_body
from ovpipe.serving.requests.body import check_content_type, parse_body
from ovpipe.serving.requests.connection import is_cut
from ovpipe.serving.requests.content_codings import decoded, decoders_of
from ovpipe.serving.requests.multipart import boundary_of, parse_form
from ovpipe.serving.requests.record import RECORD
from ovpipe.serving.requests.turns import Turns

SECRETS: Final = frozenset(
    {
        "authorization",
        "proxy-authorization",
        "cookie",
        "x-api-key",
        "api-key",
        "x-goog-api-key",
        "x-auth-token",
        "x-amz-security-token",
    }
)
"""Headers with credentials: they are the front door's alone, so that no node, trace or record has them."""


async def read_request(
    request: web.Request,
    route: Route,
    path: str,
    parameters: Mapping[str, str],
    limits: Limits,
    turns: Turns,
    hold: Callable[[int], None],
) -> HttpRequest:
    """The request as a packet, its body as the route has it; RequestError for any other body.

    Large bodies are parsed by `turns`, and compressed ones decoded. `hold` gets the bytes that the body
    takes so far, before they are read where the client has announced them, and may refuse them.
    """
    body, json, form = b"", None, None
    content_type = request.headers.get("Content-Type")
    if route.body == "json":
        check_content_type(content_type)
        json = await parse_body(await _read_body(request, route, limits, turns, hold), turns)
    elif route.body == "bytes":
        body = await _read_body(request, route, limits, turns, hold)
    elif route.body == "multipart":
        boundary = boundary_of(content_type)
        form = await parse_form(await _read_body(request, route, limits, turns, hold), boundary)
    return HttpRequest(
        method=route.method,
        path=path,
        headers=_headers(request),
        body=body,
        json=json,
        query=_query(request),
        path_parameters=parameters,
        form=form,
        id=request[RECORD].id,
        client=client_of(request),
    )


def check_announced(request: web.Request, route: Route, limits: Limits) -> None:
    """Refuses a body before any of it is read: over the limit, 413, or in a coding that is not read, 415."""
    limit = _limit(route, limits)
    if route.body == "none":
        return
    decoders_of(request.headers.getall("Content-Encoding", ()))
    if request.content_length is not None and request.content_length > limit:
        raise body_too_large(limit)


async def _read_body(
    request: web.Request, route: Route, limits: Limits, turns: Turns, hold: Callable[[int], None]
) -> bytes:
    """The body, decoded. It stays within the limit as it was sent, and after each of its codings."""
    check_announced(request, route, limits)
    hold(request.content_length or 0)
    decoders = decoders_of(request.headers.getall("Content-Encoding", ()))
    limit = _limit(route, limits)
    body = bytearray()
    sent = 0

    def decode(data: bytes) -> Generator[None, None, None]:
        for piece in decoded(decoders, data):
            body.extend(piece)
            if max(sent, *(decoder.made for decoder in decoders)) > limit:
                raise body_too_large(limit)
            yield

    try:
        async with asyncio.timeout(limits.body_seconds):
            while data := await request.content.readany():
                sent += len(data)
                hold(max(sent, len(body)))
                if decoders:
                    await turns.run(decode(data))
                else:
                    body += data
                if len(body) > limit:
                    raise body_too_large(limit)
    except web.RequestPayloadError:
        raise broken_body(cut=is_cut(request)) from None
    except TimeoutError:
        raise body_too_slow() from None
    if sent:
        for decoder in decoders:
            decoder.finish()
    return bytes(body)


def _limit(route: Route, limits: Limits) -> int:
    return limits.body_bytes if route.body_bytes is None else route.body_bytes


def _headers(request: web.Request) -> dict[str, str]:
    """Lower-case names; a header that came several times is one, joined as HTTP says."""
    headers: dict[str, str] = {}
    for name, value in request.headers.items():
        name = name.lower()
        if name not in SECRETS:
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _query(request: web.Request) -> dict[str, tuple[str, ...]]:
    if not request.rel_url.raw_query_string:
        return {}
    query = request.rel_url.query
    return {name: tuple(query.getall(name)) for name in query}
