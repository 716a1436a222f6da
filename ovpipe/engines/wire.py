"""Frames on a socket: 4 bytes of length, big-endian, then one msgpack message.

The host's side blocks or polls, since it works between steps; the client's side is asyncio. Both
refuse a frame above `MAX_FRAME_BYTES`: a length beyond it is a broken stream, not a large message.
"""

from __future__ import annotations

import asyncio
import contextlib
import select
import socket
from collections.abc import Iterator
from typing import Generic, TypeVar

import msgspec

from ovpipe.engines.messages import FromHost, ToHost
from ovpipe.engines.protocol import EngineError

MAX_FRAME_BYTES = 64 * 1024 * 1024
_LENGTH_BYTES = 4
_RECEIVE_BYTES = 256 * 1024

Message = TypeVar("Message")


class WireError(EngineError):
    """A message that cannot be sent, or bytes that are no message."""


def encode(message: ToHost | FromHost) -> bytes:
    """The whole frame of a message. Raises `WireError` when it has no frame (too large, say)."""
    try:
        body = msgspec.msgpack.encode(message)
    except OverflowError as error:
        raise WireError(f"a number in {type(message).__name__} has more than 64 bits") from error
    if len(body) > MAX_FRAME_BYTES:
        raise WireError(
            f"a {type(message).__name__} message of {len(body)} bytes is above {MAX_FRAME_BYTES} bytes"
        )
    return len(body).to_bytes(_LENGTH_BYTES, "big") + body


class FrameDecoder(Generic[Message]):
    """Turns received bytes, cut anywhere, into messages. Raises `WireError` on what is no message."""

    def __init__(self, decoder: msgspec.msgpack.Decoder[Message]) -> None:
        self._decoder = decoder
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Message]:
        """Takes the bytes in and yields each message they complete. To be read to the end."""
        self._buffer += data
        start = 0
        try:
            while len(self._buffer) - start >= _LENGTH_BYTES:
                body = start + _LENGTH_BYTES
                length = int.from_bytes(self._buffer[start:body], "big")
                if length > MAX_FRAME_BYTES:
                    raise WireError(f"a frame claims {length} bytes; the limit is {MAX_FRAME_BYTES}")
                if len(self._buffer) - body < length:
                    break
                frame = bytes(self._buffer[body : body + length])
                start = body + length
                try:
                    message = self._decoder.decode(frame)
                except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
                    raise WireError(f"a frame of {length} bytes is no message: {error}") from error
                yield message
        finally:
            del self._buffer[:start]


def to_host_decoder() -> FrameDecoder[ToHost]:
    """A decoder of what the server says."""
    return FrameDecoder(msgspec.msgpack.Decoder(ToHost))


def from_host_decoder() -> FrameDecoder[FromHost]:
    """A decoder of what the engine's process says."""
    return FrameDecoder(msgspec.msgpack.Decoder(FromHost))


class HostWire:
    """The engine process's end: sends at once, receives all that is there, waits only when asked to."""

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(True)
        self._socket = sock
        # Not select(): the descriptor has the number it had in the server, and select() ends at 1023.
        self._poll = select.poll()
        self._poll.register(sock, select.POLLIN)
        self._frames = to_host_decoder()

    def send(self, message: FromHost) -> None:
        """Sends and waits until the kernel has taken it. Raises OSError when the other end is closed."""
        self._socket.sendall(encode(message))

    def receive(self, *, wait: bool) -> list[ToHost]:
        """The messages that have come; with `wait`, sleeps until there is at least one.

        Raises EOFError when the server has closed its end.
        """
        messages: list[ToHost] = []
        while True:
            may_sleep = wait and not messages
            if not self._poll.poll(None if may_sleep else 0):
                return messages
            data = self._socket.recv(_RECEIVE_BYTES)
            if not data:
                raise EOFError("the server closed the engine's socket")
            messages.extend(self._frames.feed(data))

    def finish(self) -> None:
        """Says that nothing more comes, and waits until the server has closed its end.

        A socket that is closed while the server still writes loses what the server has not read.
        """
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)
            while self._socket.recv(_RECEIVE_BYTES):
                pass


class ClientWire:
    """The server's end, for one event loop. Sending never waits: what the kernel does not take is kept."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._frames = from_host_decoder()

    @classmethod
    async def connect(cls, sock: socket.socket) -> ClientWire:
        """Takes the socket over."""
        reader, writer = await asyncio.open_connection(sock=sock, limit=_RECEIVE_BYTES)
        return cls(reader, writer)

    def send(self, message: ToHost) -> None:
        """Sends, or does nothing when the connection has ended: its reader sees that end."""
        frame = encode(message)
        if not self._writer.is_closing():
            self._writer.write(frame)

    async def receive(self) -> list[FromHost]:
        """The next messages, at least one; an empty list at the end of the connection."""
        while True:
            try:
                data = await self._reader.read(_RECEIVE_BYTES)
            except ConnectionError:
                return []
            if not data:
                return []
            if messages := list(self._frames.feed(data)):
                return messages

    def close(self) -> None:
        """Closes both directions at once; what was not sent yet is dropped."""
        self._writer.transport.abort()
