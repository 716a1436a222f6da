"""What hardly any client sends: trailers without an end, headers that come slowly, methods that nobody knows."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest

from tests.serving.asking import connected, post, raw, raw_post, status_of, streamed
from tests.serving.conftest import GRAPHS
from tests.serving.server_process import ServerProcess
from tests.soak.processes import held_by

pytestmark = pytest.mark.slow

CONFIG = f"""
version: 1
models:
  echo: {{graph: {GRAPHS}/echo.yaml}}
  counter: {{graph: {GRAPHS}/counter.yaml}}
limits: {{body_seconds: 2, idle_seconds: 1}}
"""
TRAILERS = 64 << 20


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """Models echo and counter; connections may be idle for a second."""
    config = tmp_path_factory.mktemp("server") / "server.yaml"
    config.write_text(CONFIG)
    with ServerProcess("--config", str(config)) as running:
        running.wait_ready()
        yield running


@pytest.fixture(autouse=True)
def nobody_else_notices(server: ServerProcess) -> Iterator[None]:
    with streamed(server.url, {"model": "counter", "count": 20, "pause": 0.01}) as beside:
        first = beside.readline()
        yield
        assert (first + beside.read()).decode() == "".join(f"data: {n}\n\n" for n in range(20))
    assert post(server.url, {"model": "echo"}).status == 200


def test_trailers_without_an_end_are_not_read_on_and_little_of_them_is_kept(server: ServerProcess) -> None:
    body = json.dumps({"model": "echo"}).encode()
    head = raw_post(b"", "Transfer-Encoding: chunked").replace(b"Content-Length: 0\r\n", b"")
    before = held_by(server.pid).memory
    sent = 0
    with connected(server.url) as connection:
        connection.sendall(head + b"%x\r\n%s\r\n0\r\n" % (len(body), body))
        connection.settimeout(1)
        try:
            while sent < TRAILERS:
                sent += connection.send(b"X-More: %s\r\n" % (b"a" * 1000) * 64)
        except OSError:
            pass  # it reads no longer, or has closed the connection
        assert sent < TRAILERS
        assert held_by(server.pid).memory - before < TRAILERS / 4


def test_headers_that_come_slowly_are_closed_at_the_limit(server: ServerProcess) -> None:
    with connected(server.url) as connection:
        connection.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n")
        sent = 0
        try:
            while sent < 3000:  # 30 s of a header, a byte each
                connection.sendall(b"X")
                sent += 1
                time.sleep(0.01)  # what a slow client does
        except ConnectionError:
            pass
    assert sent < 3000


@pytest.mark.parametrize("method", ["BREW", "GE", "get", "PROPFIND"])
def test_a_method_that_nobody_knows_is_an_error_as_json(server: ServerProcess, method: str) -> None:
    request = raw_post(b"{}").replace(b"POST", method.encode(), 1)
    answer = raw(server.url, request)
    assert status_of(answer) in (400, 405)
    assert set(json.loads(answer.partition(b"\r\n\r\n")[2])["error"]) == {"message", "type", "param", "code"}
