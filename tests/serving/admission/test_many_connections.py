"""More connections than there are descriptors for; the server has 128 of them."""

from __future__ import annotations

import resource
import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.serving.asking import CHAT, connected, get, post, raw_post, status_of, streamed
from tests.serving.conftest import GRAPHS
from tests.serving.server_process import ServerProcess
from tests.serving.waiting import wait_until

DESCRIPTORS = 128
CONFIG = f"""
version: 1
models:
  echo: {{graph: {GRAPHS}/echo.yaml}}
  counter: {{graph: {GRAPHS}/counter.yaml}}
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server with few descriptors."""
    config = tmp_path_factory.mktemp("server") / "server.yaml"
    config.write_text(CONFIG)
    with ServerProcess("--config", str(config), descriptors=DESCRIPTORS) as server:
        server.wait_ready()
        yield server


def is_closed(connection: socket.socket) -> bool:
    """Whether the server has closed its side."""
    connection.setblocking(False)
    try:
        return connection.recv(1, socket.MSG_PEEK) == b""
    except BlockingIOError:
        return False
    except ConnectionError:
        return True


def test_idle_connections_make_room_and_the_server_says_nothing_of_it(server: ServerProcess) -> None:
    with ExitStack() as open_ones:
        idle = [open_ones.enter_context(connected(server.url)) for _ in range(300)]
        assert get(server.url, "/health").status == 200
        assert post(server.url, {"model": "echo"}).status == 200
        wait_until(lambda: sum(map(is_closed, idle)) > 300 - DESCRIPTORS)
        assert not all(map(is_closed, idle))
        assert is_closed(idle[0])
    assert "Traceback" not in server.output()
    assert "accept" not in server.output()


def test_when_all_are_busy_only_the_servers_own_routes_are_there(server: ServerProcess) -> None:
    with ExitStack() as open_ones:
        refused = 0
        for _ in range(DESCRIPTORS):
            answer = open_ones.enter_context(
                streamed(server.url, {"model": "counter", "count": 1000, "pause": 1})
            )
            refused += answer.status == 503
            if refused:
                assert answer.getheader("Retry-After") == "5"
                assert answer.getheader("Connection") == "close"
                assert b'"too_many_connections"' in answer.read()
                break
        assert refused
        for path in ("/health", "/metrics", "/v1/models"):
            assert get(server.url, path).status == 200
        assert post(server.url, {"model": "echo"}).error() == (503, "too_many_connections", None)
    wait_until(lambda: post(server.url, {"model": "echo"}).status == 200)


def test_a_slow_header_does_not_keep_a_place(server: ServerProcess) -> None:
    with ExitStack() as open_ones:
        slow = [open_ones.enter_context(connected(server.url)) for _ in range(DESCRIPTORS)]
        for one in slow[:20]:
            try:
                one.sendall(b"GET / HTTP/1.1\r\nX-Slow: ")
            except ConnectionError:
                assert is_closed(one)
        assert get(server.url, "/health").status == 200


def test_without_any_descriptor_it_waits_quietly_and_accepts_again(server: ServerProcess) -> None:
    pid = server.pid
    hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)[1]
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (3, hard))  # which are its standard streams
    try:
        with connected(server.url) as waiting:
            waiting.sendall(raw_post(b'{"model": "echo"}', path=CHAT))
            server.wait_line("no connection can be accepted: Too many open files")
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (hard, hard))
            assert status_of(waiting.recv(65536)) == 200
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (hard, hard))
    assert sum("no connection can be accepted" in line for line in server.log) == 1
    assert "Traceback" not in server.output()


def test_requests_in_a_row_on_one_connection_are_taken_a_few_at_a_time(server: ServerProcess) -> None:
    one = b"GET /v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with connected(server.url) as connection:
        connection.sendall(one * 1000)
        answers = b""
        while answers.count(b"HTTP/1.1 200 OK") < 1000:
            answers += connection.recv(65536)
    assert "Traceback" not in server.output()
