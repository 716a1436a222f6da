"""Asking a server over HTTP, with the standard library's client and with raw sockets."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

JSON_HEADERS = {"Content-Type": "application/json"}
CHAT = "/v1/chat/completions"
SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole response."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body's value."""
        return json.loads(self.body)

    def error(self) -> tuple[int, str | None, str | None]:
        """Status, code and param of an error, after checking that it is a whole OpenAI error object."""
        error = self.json()["error"]
        assert set(error) == {"message", "type", "param", "code"}
        assert isinstance(error["message"], str)
        types = {429: "rate_limit_error", 5: "server_error", 4: "invalid_request_error"}
        assert error["type"] == types.get(self.status, types[self.status // 100])
        return self.status, error["code"], error["param"]


def get(url: str, path: str) -> Answer:
    """One GET."""
    return ask(url, "GET", path, b"", {})


def post(url: str, body: Any, path: str = CHAT, headers: Mapping[str, str] = JSON_HEADERS) -> Answer:
    """One POST; a body that is not bytes is written as JSON."""
    return ask(url, "POST", path, body if isinstance(body, bytes) else json.dumps(body).encode(), headers)


def ask(url: str, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
    """One request on a connection of its own."""
    with streaming(url, method, path, body, headers) as response:
        data = response.read()
        return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, data)


@contextmanager
def streaming(
    url: str, method: str, path: str, body: bytes, headers: Mapping[str, str]
) -> Iterator[http.client.HTTPResponse]:
    """A response whose headers have come; the connection is closed on the way out."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=SECONDS)
    try:
        connection.request(method, path, body, dict(headers))
        yield connection.getresponse()
    finally:
        connection.close()


@contextmanager
def streamed(url: str, body: Any, path: str = CHAT) -> Iterator[http.client.HTTPResponse]:
    """A POST whose response is read bit by bit."""
    with streaming(url, "POST", path, json.dumps(body).encode(), JSON_HEADERS) as response:
        yield response


@contextmanager
def connected(url: str) -> Iterator[socket.socket]:
    """A bare connection, for what no HTTP client would send."""
    address = urlsplit(url)
    assert address.hostname is not None
    with socket.create_connection((address.hostname, address.port), timeout=SECONDS) as connection:
        yield connection


def raw(url: str, request: bytes) -> bytes:
    """Everything that comes back for these bytes until the server closes the connection."""
    with connected(url) as connection:
        connection.sendall(request)
        pieces = []
        while piece := connection.recv(65536):
            pieces.append(piece)
        return b"".join(pieces)


def raw_post(body: bytes, *headers: str, path: str = CHAT) -> bytes:
    """The bytes of a POST that asks for the connection to be closed."""
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: localhost",
        "Connection: close",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        *headers,
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def status_of(answer: bytes) -> int:
    """The status in a raw answer."""
    assert answer.startswith((b"HTTP/1.0 ", b"HTTP/1.1 ")), answer
    return int(answer[9:12])
