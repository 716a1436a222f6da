"""Handshake: a connection that has yet to agree on TLS. It has its place from the moment it is accepted."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable

from ovpipe.serving.admission.connections import Connections
from ovpipe.serving.security.certificates import HANDSHAKE_SECONDS


class Handshake(asyncio.Protocol):
    """Agrees with one client, and then gives its place, and the transport, to the protocol of the server.

    asyncio's own server shows a connection once it has agreed: until then nobody could count it, nor close it
    for another one.
    """

    def __init__(
        self, connection: Callable[[], asyncio.Protocol], context: ssl.SSLContext, connections: Connections
    ) -> None:
        self._new_connection = connection
        self._context = context
        self._connections = connections
        self._transport: asyncio.Transport | None = None
        self._agreeing: asyncio.Task[None] | None = None
        self._early: list[bytes] = []
        """What came before it was given on, decrypted."""
        self._is_lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Takes a place, which another connection may have to leave."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.pause_reading()  # what comes now is for TLS to read
        self._connections.opened(self)
        agreeing = self._agree(transport)
        self._agreeing = asyncio.get_running_loop().create_task(agreeing, name="TLS handshake")

    def data_received(self, data: bytes) -> None:
        """The client is quicker than this server's own turn."""
        self._early.append(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """It has left before it was given on."""
        self._is_lost = True

    def force_close(self) -> None:
        """Closes it now."""
        if self._transport is not None:
            self._transport.abort()

    async def _agree(self, transport: asyncio.Transport) -> None:
        try:
            secure = await asyncio.get_running_loop().start_tls(
                transport,
                self,
                self._context,
                server_side=True,
                ssl_handshake_timeout=HANDSHAKE_SECONDS,
            )
        except OSError:  # of TLS, of the network, of time: it is the client's trouble alone
            return
        finally:
            self._connections.closed(self)
        if secure is None or self._is_lost:
            return
        connection = self._new_connection()
        secure.set_protocol(connection)
        connection.connection_made(secure)
        if self._early:
            connection.data_received(b"".join(self._early))
