"""A connection that has yet to agree on TLS has a place, which it leaves however that ends."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

from ovpipe.serving.admission.connections import Connections
from ovpipe.serving.requests.handshake import Handshake
from tests.serving.security.test_certificates import make_pair


class Greeter(asyncio.Protocol):
    """Takes a place as the server's own connections do, and answers what it gets."""

    def __init__(self, connections: Connections) -> None:
        self.connections = connections

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.connections.opened(self)

    def data_received(self, data: bytes) -> None:
        self.transport.write(b"hello " + data)

    def connection_lost(self, exc: Exception | None) -> None:
        self.connections.closed(self)

    def force_close(self) -> None:
        self.transport.abort()


async def listening(folder: Path, connections: Connections) -> tuple[asyncio.Server, int]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "a.pem", folder / "a.key")
    server = await asyncio.get_running_loop().create_server(
        lambda: Handshake(lambda: Greeter(connections), context, connections), "127.0.0.1", 0
    )
    return server, server.sockets[0].getsockname()[1]


def client_context() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def test_who_agrees_is_served_in_the_place_that_it_took(tmp_path: Path) -> None:
    make_pair(tmp_path, "a")

    async def greet() -> bytes:
        connections = Connections(1, 0)
        server, port = await listening(tmp_path, connections)
        async with server:
            reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=client_context())
            writer.write(b"you")
            answer = await reader.readexactly(9)
            assert len(connections) == 1
            writer.close()
            assert await reader.read() == b""
        while len(connections):
            await asyncio.sleep(0)
        return answer

    assert asyncio.run(asyncio.wait_for(greet(), 30)) == b"hello you"


def test_who_says_nothing_makes_room_for_the_next(tmp_path: Path) -> None:
    make_pair(tmp_path, "a")

    async def push_out() -> None:
        connections = Connections(1, 0)
        server, port = await listening(tmp_path, connections)
        async with server:
            silent, writer = await asyncio.open_connection("127.0.0.1", port)
            while not len(connections):
                await asyncio.sleep(0)
            reader, other = await asyncio.open_connection("127.0.0.1", port, ssl=client_context())
            assert await silent.read() == b""
            other.write(b"two")
            assert await reader.readexactly(9) == b"hello two"
            assert len(connections) == 1
            writer.close()
            other.close()

    asyncio.run(asyncio.wait_for(push_out(), 30))


def test_who_speaks_no_tls_leaves_its_place(tmp_path: Path) -> None:
    make_pair(tmp_path, "a")

    async def speak() -> None:
        connections = Connections(1, 0)
        server, port = await listening(tmp_path, connections)
        async with server:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET / HTTP/1.1\r\n\r\n")
            await reader.read()
            while len(connections):
                await asyncio.sleep(0)
            writer.close()

    asyncio.run(asyncio.wait_for(speak(), 30))
