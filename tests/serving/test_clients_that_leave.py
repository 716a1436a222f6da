"""Clients that leave or stop reading: their run alone is cancelled, long before it would end. Faults 51 and 53."""

from __future__ import annotations

import json
import re
import socket
from pathlib import Path

import pytest

from tests.serving.asking import connected, get, post, raw_post, streamed
from tests.serving.server_process import ServerProcess
from tests.serving.waiting import wait_for_text, wait_until


def counting(record: Path, **more: object) -> bytes:
    return raw_post(json.dumps({"model": "counter", "record": str(record), **more}).encode())


def requests_in_flight(server: ServerProcess) -> float:
    page = get(server.url, "/metrics").body.decode()
    found = re.search(r'ovpipe_requests_in_flight{endpoint="/chat/completions"} (\S+)', page)
    return float(found[1]) if found else 0


def test_a_client_that_leaves_before_the_first_part_cancels_its_run(
    server: ServerProcess, record: Path
) -> None:
    with connected(server.url) as connection:
        body = json.dumps({"model": "bad", "do": "hang", "record": str(record)}).encode()
        connection.sendall(raw_post(body))
        wait_for_text(record, "running")
    wait_for_text(record, "closed")


@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_leaves_during_the_answer_cancels_its_run(
    server: ServerProcess, record: Path, stream: bool
) -> None:
    with connected(server.url) as connection:
        connection.sendall(counting(record, stream=stream, count=100_000, pause=0.01))
        assert connection.recv(100)
    wait_for_text(record, "cancelled")
    wait_until(lambda: requests_in_flight(server) == 0)


def test_a_client_that_leaves_with_a_reset_cancels_its_run(server: ServerProcess, record: Path) -> None:
    with connected(server.url) as connection:
        connection.sendall(counting(record, count=100_000, pause=0.01))
        assert connection.recv(100)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    wait_for_text(record, "cancelled")


def test_a_client_that_leaves_after_the_answer_changes_nothing(server: ServerProcess, record: Path) -> None:
    with connected(server.url) as connection:
        connection.sendall(counting(record, count=2))
        with connection.makefile("rb") as answer:
            assert answer.read().endswith(b"0\r\n\r\n")
    wait_for_text(record, "closed")


def test_half_of_many_clients_leave_and_the_others_get_everything(
    server: ServerProcess, tmp_path: Path
) -> None:
    records = [tmp_path / str(number) for number in range(20)]
    leaving = []
    for record in records:
        connection = socket.create_connection(("127.0.0.1", server.port), timeout=30)
        connection.sendall(counting(record, count=100_000, pause=0.01))
        leaving.append(connection)
    with streamed(server.url, {"model": "counter", "count": 50, "pause": 0.01}) as staying:
        for record, connection in zip(records, leaving, strict=True):
            wait_for_text(record, "running")
            connection.close()
        assert staying.read().endswith(b"data: 49\n\n")
    for record in records:
        wait_for_text(record, "cancelled")
    wait_until(lambda: requests_in_flight(server) == 0)


def test_a_reader_that_stops_reading_is_cut_off_and_its_run_cancelled(
    server: ServerProcess, record: Path
) -> None:
    with connected(server.url) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.sendall(counting(record, count=100_000_000))
        wait_for_text(record, "running")
        with streamed(server.url, {"model": "counter", "count": 50, "pause": 0.01}) as beside:
            assert beside.read().endswith(b"data: 49\n\n")
        wait_for_text(record, "cancelled", timeout=60)
        server.wait_line("model 'counter': a connection was aborted: the client has read nothing for 1 s")
        with pytest.raises(ConnectionResetError):
            while connection.recv(1 << 20):
                pass
    assert post(server.url, {"model": "echo"}).status == 200
