"""SIGTERM when idle, busy, twice; SIGINT; a port that is taken. Fault 56."""

from __future__ import annotations

import http.client
import json
import signal
import socket
from pathlib import Path

import pytest

from tests.serving.asking import CHAT, JSON_HEADERS, get, post, streamed
from tests.serving.conftest import GRAPHS
from tests.serving.server_process import ServerProcess
from tests.serving.waiting import wait_for_text


def config(tmp_path: Path, drain_seconds: float) -> str:
    file = tmp_path / "server.yaml"
    file.write_text(
        f"""
version: 1
models:
  counter: {{graph: {GRAPHS}/counter.yaml}}
  bad: {{graph: {GRAPHS}/bad.yaml}}
limits: {{drain_seconds: {drain_seconds}, run_close_seconds: 2, graph_close_seconds: 2}}
"""
    )
    return str(file)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_server_ends_at_once(tmp_path: Path, number: signal.Signals) -> None:
    with ServerProcess("--config", config(tmp_path, 60)) as server:
        server.wait_ready()
        idle = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        idle.request("GET", "/health/live")
        idle.getresponse().read()
        server.signal(number)
        assert server.wait_end() == 0
        assert server.lines[-1] == "shutting down"
        idle.close()


def test_a_busy_server_ends_its_requests_and_refuses_new_ones(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    with ServerProcess("--config", config(tmp_path, 60)) as server:
        server.wait_ready()
        kept = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        kept.request("GET", "/health/live")
        kept.getresponse().read()
        with streamed(server.url, {"model": "counter", "count": 100, "gate": str(gate)}) as busy:
            first = busy.readline()
            server.signal()
            server.wait_line("shutting down; waiting for 1 requests")
            refused = post(server.url, {"model": "counter"})
            assert refused.error() == (503, "shutting_down", None)
            assert int(refused.headers["retry-after"]) > 0
            assert refused.headers["connection"] == "close"
            kept.request("POST", CHAT, json.dumps({"model": "counter"}), JSON_HEADERS)
            assert kept.getresponse().status == 503
            assert get(server.url, "/health/ready").status == 503
            assert get(server.url, "/health/live").status == 200
            gate.touch()
            assert (first + busy.read()).endswith(b"data: 99\n\n")
        assert server.wait_end() == 0
        kept.close()


def test_requests_that_outlast_the_grace_are_told_and_their_runs_closed(tmp_path: Path, record: Path) -> None:
    with ServerProcess("--config", config(tmp_path, 0.2)) as server:
        server.wait_ready()
        body = {"model": "counter", "count": 100_000, "pause": 0.01, "record": str(record)}
        with streamed(server.url, body) as busy:
            busy.readline()
            server.signal()
            last = busy.read().split(b"\n\n")[-2]
        assert json.loads(last.removeprefix(b"data: "))["error"]["code"] == "shutting_down"
        assert record.read_text() == "cancelled"
        assert server.wait_end() == 0


def test_a_second_signal_ends_requests_at_once(tmp_path: Path, record: Path) -> None:
    with ServerProcess("--config", config(tmp_path, 60)) as server:
        server.wait_ready()
        body = {"model": "bad", "do": "hang", "record": str(record)}
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        connection.request("POST", CHAT, json.dumps(body), JSON_HEADERS)
        wait_for_text(record, "running")
        server.signal()
        server.wait_line("shutting down; waiting for 1 requests")
        server.signal()
        assert connection.getresponse().status == 503
        assert server.wait_end() == 0
        assert record.read_text() == "closed"
        connection.close()


def test_a_port_in_use_is_one_line_and_exit_code_1() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        server = ServerProcess(str(GRAPHS / "echo.yaml"), "--port", str(port))
        assert server.wait_end() == 1
    assert server.lines == []
    assert server.log == [
        f"port {port} of 127.0.0.1 is in use; stop the program that has it, choose another with --port, "
        "or let the system choose with --port 0"
    ]
