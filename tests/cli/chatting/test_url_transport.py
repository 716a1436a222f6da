"""A server that goes wrong in ways of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from ovpipe.cli.chatting.answer import Part, Said
from ovpipe.cli.chatting.asking import ask
from ovpipe.cli.chatting.transport import ChatError
from ovpipe.cli.chatting.url_transport import UrlTransport

MODELS = b'{"data": [{"id": "m"}]}'
EVENTS = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
CHUNK = b'data: {"choices": [{"delta": {"content": "Yes."}, "finish_reason": "stop"}]}\n\n'


@asynccontextmanager
async def transport_to(
    answer: bytes, *, hangs: bool = False, models: bytes = MODELS
) -> AsyncIterator[UrlTransport]:
    """A transport to a server that answers every question so, and then hangs up, or just hangs."""
    serving: list[asyncio.Task[None] | None] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.append(asyncio.current_task())
        head = await reader.readuntil(b"\r\n\r\n")
        if head.startswith(b"GET /v1/models "):
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" + models)
        else:
            await reader.readexactly(len(b"{}"))
            writer.write(answer)
            if hangs:
                await reader.read()
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        host, port = server.sockets[0].getsockname()
        transport = UrlTransport(f"http://{host}:{port}", silent_seconds=0.2)
        try:
            await transport.open()
            yield transport
        finally:
            await transport.close()
            await asyncio.wait(filter(None, serving))


def asked(answer: bytes, *, hangs: bool = False) -> list[Part]:
    """What comes of one question."""

    async def ask_once() -> list[Part]:
        async with transport_to(answer, hangs=hangs) as transport:
            return [part async for part in ask(transport, {})]

    return asyncio.run(ask_once())


def test_what_stands_after_done_is_not_waited_for() -> None:
    assert Said("Yes.") in asked(EVENTS + CHUNK + b"data: [DONE]\n\n", hangs=True)


def test_a_stream_may_end_without_done() -> None:
    assert Said("Yes.") in asked(EVENTS + CHUNK)


@pytest.mark.parametrize("begin", [b"", EVENTS, EVENTS + b": still here\n\n"])
def test_a_server_that_falls_silent_is_given_up(begin: bytes) -> None:
    with pytest.raises(ChatError, match="/v1/chat/completions: the server has sent nothing for 0.2 s"):
        asked(begin, hangs=True)


@pytest.mark.parametrize(
    "answer", [EVENTS.replace(b"OK", b"OK\r\nContent-Length: 999"), b"SSH-2.0-OpenSSH\r\n", b""]
)
def test_a_connection_that_breaks_off_is_told(answer: bytes) -> None:
    with pytest.raises(ChatError, match="the connection broke off: "):
        asked(answer)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"error": {"message": "Too busy."}}', "Too busy. (status 502)"),
        (b"<html>" + b"x" * 1000, "status 502: <html>" + "x" * 194),
        (b"", "status 502: no message"),
    ],
)
def test_an_error_status_has_the_servers_message_or_the_begin_of_its_body(body: bytes, message: str) -> None:
    with pytest.raises(ChatError) as raised:
        asked(b"HTTP/1.1 502 Bad Gateway\r\n\r\n" + body)
    assert str(raised.value) == message


def test_of_hundreds_of_models_some_are_named() -> None:
    models = b'{"data": [' + b",".join(b'{"id": "m%d"}' % number for number in range(100)) + b"]}"

    async def open_other() -> None:
        async with transport_to(b"", models=models) as transport:
            other = UrlTransport(transport.place, "zebra")
            try:
                await other.open()
            finally:
                await other.close()

    with pytest.raises(ChatError, match="'zebra'; it serves: m0, m1, .*, m39, and 60 more$"):
        asyncio.run(open_other())
