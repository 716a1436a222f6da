"""Both gates of a real server: what is refused, with which error, and what becomes of the rest."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.serving.asking import CHAT, JSON_HEADERS, connected, get, post, raw_post, status_of, streamed
from tests.serving.conftest import GRAPHS
from tests.serving.server_process import ServerProcess
from tests.serving.waiting import wait_for_text, wait_until

CONFIG = f"""
version: 1
models:
  echo: {{graph: {GRAPHS}/echo.yaml}}
  counter: {{graph: {GRAPHS}/counter.yaml, limits: {{request_seconds: 0.5}}}}
  bad: {{graph: {GRAPHS}/bad.yaml}}
  never: {{graph: {GRAPHS}/echo.yaml}}
  hasty: {{graph: {GRAPHS}/bad.yaml, limits: {{max_running_requests: 1, queue_seconds: 0.1}}}}
limits:
  max_running_requests: 2
  max_queued_requests: 2
  max_requests: 8
  max_body_bytes_held: 1000000
  client_share: 1
  body_bytes: 400000
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server with room for two requests of a model, and for two that wait."""
    config = tmp_path_factory.mktemp("server") / "server.yaml"
    config.write_text(CONFIG)
    with ServerProcess("--config", str(config)) as server:
        server.wait_ready()
        yield server


def figure(server: ServerProcess, name: str) -> float:
    """A metric's value; 0 where it is not there."""
    found = re.search(rf"^{re.escape(name)} (\S+)$", get(server.url, "/metrics").body.decode(), re.MULTILINE)
    return float(found[1]) if found else 0.0


def is_idle(server: ServerProcess) -> bool:
    page = get(server.url, "/metrics").body.decode()
    return not re.search(r"^ovpipe_requests_(running|waiting|in_flight)\{[^}]*\} [1-9]", page, re.MULTILINE)


def asked(open_ones: ExitStack, server: ServerProcess, body: bytes) -> None:
    """A request whose answer nobody waits for yet."""
    open_ones.enter_context(connected(server.url)).sendall(raw_post(body))


def test_a_full_model_refuses_and_what_it_has_let_in_is_served(server: ServerProcess) -> None:
    with ExitStack() as open_ones:
        for _ in range(4):
            asked(open_ones, server, b'{"model": "bad", "do": "hang"}')
        wait_until(lambda: figure(server, 'ovpipe_requests_waiting{model="bad"}') == 2)
        assert figure(server, 'vllm:num_requests_waiting{engine="0",model_name="bad"}') == 2
        assert figure(server, 'ovpipe_requests_running{model="bad"}') == 2
        refused = post(server.url, {"model": "bad", "do": "refuse"})
        assert refused.error() == (429, "model_overloaded", "model")
        assert int(refused.headers["retry-after"]) >= 1
        assert post(server.url, {"model": "echo"}).status == 200
        assert get(server.url, "/health").status == 200
    wait_until(lambda: is_idle(server))
    assert post(server.url, {"model": "bad", "do": "refuse"}).status == 422


def test_what_waits_begins_when_there_is_a_place_the_lowest_priority_first(
    server: ServerProcess, tmp_path: Path
) -> None:
    low, high = tmp_path / "low", tmp_path / "high"
    with ExitStack() as others, ExitStack() as open_ones:
        with ExitStack() as first:
            asked(first, server, b'{"model": "bad", "do": "hang"}')
            asked(others, server, b'{"model": "bad", "do": "hang"}')
            wait_until(lambda: figure(server, 'ovpipe_requests_running{model="bad"}') == 2)
            for number, (record, priority) in enumerate([(low, 9), (high, -9)], start=1):
                body = f'{{"model": "bad", "do": "hang", "priority": {priority}, "record": "{record}"}}'
                asked(open_ones, server, body.encode())
                wait_until(
                    lambda number=number: (  # type: ignore[misc]  # bound now, for each round
                        figure(server, 'ovpipe_requests_waiting{model="bad"}') == number
                    )
                )
        wait_for_text(high, "running")
        assert not low.exists()
    wait_until(lambda: is_idle(server))


def test_a_request_that_waits_too_long_gets_503(server: ServerProcess) -> None:
    with ExitStack() as open_ones:
        asked(open_ones, server, b'{"model": "hasty", "do": "hang"}')
        wait_until(lambda: figure(server, 'ovpipe_requests_running{model="hasty"}') == 1)
        answer = post(server.url, {"model": "hasty", "do": "refuse"})
        assert answer.error() == (503, "queue_timeout", None)
        assert int(answer.headers["retry-after"]) >= 1
    wait_until(lambda: is_idle(server))


def test_a_client_may_ask_for_a_shorter_time_than_the_server_gives(server: ServerProcess) -> None:
    hasty = {**JSON_HEADERS, "X-Request-Timeout-Seconds": "0.2"}
    answer = post(server.url, {"model": "bad", "do": "hang"}, headers=hasty)
    assert answer.error() == (503, "request_deadline_exceeded", None)
    wrong = post(server.url, {"model": "echo"}, headers={**hasty, "X-Request-Timeout-Seconds": "soon"})
    assert wrong.error() == (400, "invalid_header", "X-Request-Timeout-Seconds")
    wait_until(lambda: is_idle(server))


def test_every_model_has_its_figures_before_anybody_asks_for_it(server: ServerProcess) -> None:
    page = get(server.url, "/metrics").body.decode()
    for name in ("requests_running", "requests_waiting", "prompt_tokens_waiting"):
        assert f'ovpipe_{name}{{model="never"}} 0.0' in page


def test_a_stream_beyond_its_whole_time_ends_with_an_error_event(server: ServerProcess) -> None:
    with streamed(server.url, {"model": "counter", "count": 1000, "pause": 0.1}) as response:
        events = response.read()
    assert events.startswith(b"data: 0\n\n")
    assert b'"code":"request_deadline_exceeded"' in events.splitlines()[-2]


def test_bodies_that_are_announced_count_before_they_come(server: ServerProcess) -> None:
    with ExitStack() as open_ones:
        for _ in range(3):
            head, _, body = raw_post(b" " * 300_000).partition(b"\r\n\r\n")
            open_ones.enter_context(connected(server.url)).sendall(head + b"\r\n\r\n" + body[:10])
        wait_until(lambda: figure(server, "ovpipe_body_bytes_held") == 900_000)
        assert post(server.url, {"model": "echo"}).status == 200
        refused = post(server.url, b" " * 200_000)
        assert refused.error() == (429, "server_overloaded", None)
        assert "bytes of request bodies" in refused.json()["error"]["message"]
    wait_until(lambda: is_idle(server))
    assert figure(server, "ovpipe_body_bytes_held") == 0


def test_a_body_without_a_length_counts_as_it_comes(server: ServerProcess) -> None:
    head = f"POST {CHAT} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    with ExitStack() as open_ones:
        for _ in range(3):
            chunk = b"%x\r\n%s\r\n" % (300_000, b" " * 300_000)
            open_ones.enter_context(connected(server.url)).sendall(head.encode() + chunk)
        wait_until(lambda: figure(server, "ovpipe_body_bytes_held") == 900_000)
        with connected(server.url) as last:
            last.sendall(head.encode() + b"%x\r\n%s" % (200_000, b" " * 150_000))
            assert status_of(last.recv(65536)) == 429
    wait_until(lambda: is_idle(server))


def test_a_full_server_refuses_before_the_body_and_still_says_how_it_is(server: ServerProcess) -> None:
    with ExitStack() as open_ones:
        for _ in range(8):
            open_ones.enter_context(connected(server.url)).sendall(raw_post(b" " * 10)[:-5])
        wait_until(lambda: figure(server, 'ovpipe_requests_in_flight{endpoint="/chat/completions"}') == 8)
        refused = post(server.url, {"model": "echo"})
        assert refused.error() == (429, "server_overloaded", None)
        with connected(server.url) as polite:
            polite.sendall(raw_post(b" " * 10, "Expect: 100-continue")[:-10])
            assert status_of(polite.recv(65536)) == 429
        for path in ("/health", "/metrics", "/v1/models", "/openapi.json"):
            assert get(server.url, path).status == 200
    wait_until(lambda: is_idle(server))
    assert post(server.url, {"model": "echo"}, headers=JSON_HEADERS).status == 200
