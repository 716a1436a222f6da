"""What a run gives, on its way to the client; and what is told when it gives something else. Fault 58."""

from __future__ import annotations

import http.client
import json
import re
import signal
from pathlib import Path

import pytest

from tests.serving.asking import CHAT, JSON_HEADERS, connected, get, post, raw_post, streamed
from tests.serving.server_process import ServerProcess
from tests.serving.waiting import wait_for_text


@pytest.mark.parametrize("version", ["/v1", "/v3"])
@pytest.mark.parametrize("path", ["/chat/completions", "/completions"])
def test_the_graph_gets_the_path_without_its_version(server: ServerProcess, version: str, path: str) -> None:
    assert post(server.url, {"model": "echo"}, path=version + path).json()["path"] == path


def test_the_graph_gets_the_body_and_lower_case_headers(server: ServerProcess) -> None:
    body = {"model": "echo", "messages": [{"role": "user", "content": "\u00fc"}]}
    told = post(server.url, body, headers=JSON_HEADERS | {"X-Mixed-Case": "Value"}).json()
    assert told["json"] == body
    assert told["headers"]["x-mixed-case"] == "Value"


def test_a_stream_comes_part_by_part(server: ServerProcess, record: Path) -> None:
    body = {"model": "counter", "count": 1000, "pause": 0.05, "record": str(record)}
    with streamed(server.url, body) as response:
        assert response.getheader("content-type") == "text/event-stream"
        assert response.getheader("server") == "ovpipe"
        assert response.readline() == b"data: 0\n"  # fifty seconds before the last
        assert record.read_text() == "running"


def test_what_waits_is_written_in_order_and_whole(server: ServerProcess) -> None:
    with streamed(server.url, {"model": "counter", "count": 5000}) as response:
        assert response.read().decode() == "".join(f"data: {n}\n\n" for n in range(5000))


def test_a_connection_serves_one_request_after_another(server: ServerProcess) -> None:
    connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=30)
    for body in (
        {"model": "echo"},
        {"model": "nix"},
        {"model": "counter"},
        {"model": "bad", "do": "value"},
    ) * 2:
        connection.request("POST", CHAT, json.dumps(body), JSON_HEADERS)
        connection.getresponse().read()
        assert connection.sock is not None
    connection.close()


def test_an_http_1_0_client_is_served(server: ServerProcess) -> None:
    with connected(server.url) as connection:
        request = raw_post(b'{"model": "counter"}').replace(b"HTTP/1.1", b"HTTP/1.0")
        connection.sendall(request)
        with connection.makefile("rb") as answer:
            assert answer.read().endswith(b"\r\n\r\ndata: 0\n\ndata: 1\n\ndata: 2\n\n")


def test_a_refusal_of_a_node_is_its_status_and_error(server: ServerProcess) -> None:
    answer = post(server.url, {"model": "bad", "do": "refuse"})
    assert answer.error() == (422, "refused", "do")
    assert answer.json()["error"]["message"] == "No answer to that."


def test_a_429_says_when_to_come_back(server: ServerProcess) -> None:
    answer = post(server.url, {"model": "bad", "do": "busy"})
    assert (answer.error(), answer.headers["retry-after"]) == ((429, "busy", None), "7")


def test_a_node_that_raises_is_a_500_that_names_nothing_and_a_log_line_that_does(
    server: ServerProcess,
) -> None:
    answer = post(server.url, {"model": "bad", "do": "value"})
    assert answer.error() == (500, "internal_error", None)
    assert answer.json()["error"]["message"] == "The server had an error while processing your request."
    server.wait_line(
        r"graph 'bad', run \S+: node 'bad' failed in process at timestamp 0 \(.*bad.yaml:\d+\): ValueError\("
    )


@pytest.mark.parametrize("kind", ["GeneratorExit", "CancelledError", "SystemExit", "KeyboardInterrupt"])
def test_whatever_class_it_is_of(server: ServerProcess, kind: str) -> None:
    assert post(server.url, {"model": "bad", "do": kind}).error() == (500, "internal_error", None)
    server.wait_line(rf"node 'bad' failed in process at timestamp 0 \(.*bad.yaml:\d+\): {kind}\('secret'\)")
    assert post(server.url, {"model": "echo"}).status == 200


@pytest.mark.parametrize(
    ("do", "logged"),
    [
        ("nothing", "the graph's output ended without a ResponseStart"),
        ("body first", "the graph's output gave a ResponseBody where a ResponseStart is due"),
        ("wrong type", "str"),
        ("bad header", "a run failed"),
    ],
)
def test_an_answer_that_is_none_is_a_500(server: ServerProcess, do: str, logged: str) -> None:
    assert post(server.url, {"model": "bad", "do": do}).error() == (500, "internal_error", None)
    server.wait_line(rf"model 'bad': .*{logged}.*node 'bad' \(\S*bad.yaml:\d+\)")


def test_a_node_that_blocks_the_event_loop_is_named_in_the_log_and_counted(server: ServerProcess) -> None:
    assert post(server.url, {"model": "bad", "do": "block", "seconds": 1}).status == 500
    server.wait_line(
        r"graph 'bad': node 'bad' \(BadCalculator, .*bad\.yaml:\d+\) blocked the event loop for .* at "
        r".*doors\.py:\d+ \(process\), in .*; .*Await what takes long"
    )
    counted = 'ovpipe_event_loop_blocked_total{graph="bad",model="bad",node="bad"} 1.0'
    assert counted in get(server.url, "/metrics").body.decode()


def test_a_node_that_hangs_is_a_500_after_the_limit_and_its_run_is_closed(
    server: ServerProcess, record: Path
) -> None:
    answer = post(server.url, {"model": "bad", "do": "hang", "record": str(record)})
    assert answer.error() == (500, "internal_error", None)
    wait_for_text(record, "closed")
    server.wait_line(
        "model 'bad', graph 'bad': nothing has moved in a run for 2 s; it is cancelled: "
        r".*bad\.yaml:\d+: node 'bad' is in a call at 0 that has not ended"
    )


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [("refuse", "invalid_request_error", "refused"), ("value", "server_error", "internal_error")],
)
def test_an_error_in_a_stream_is_an_event_and_its_end(
    server: ServerProcess, kind: str, status: str, code: str
) -> None:
    body = {"model": "counter", "count": 5, "error_after": 2, "error": kind}
    with streamed(server.url, body) as response:
        first, second, last, rest = response.read().split(b"\n\n")
    assert (first, second, rest) == (b"data: 0", b"data: 1", b"")
    error = json.loads(last.removeprefix(b"data: "))["error"]
    assert (error["type"], error["code"]) == (status, code)


def test_an_error_after_the_start_of_what_is_no_stream_breaks_the_connection(server: ServerProcess) -> None:
    body = {"model": "counter", "stream": False, "error_after": 2}
    with (
        streamed(server.url, body) as response,
        pytest.raises((http.client.IncompleteRead, ConnectionResetError)),
    ):
        response.read()


def test_the_models_are_listed_and_found_by_name(server: ServerProcess) -> None:
    for version in ("/v1", "/v3"):
        listed = get(server.url, version + "/models").json()
        assert listed["object"] == "list"
        assert [model["id"] for model in listed["data"]] == ["echo", "org/echo", "counter", "bad"]
        model = get(server.url, version + "/models/org/echo").json()
        assert model == listed["data"][1]
        assert (model["object"], model["owned_by"], type(model["created"])) == ("model", "ovpipe", int)
        assert (model["root"], model["parent"], model["max_model_len"]) == (model["id"], None, None)
    assert get(server.url, "/v1/models/org/nix").error() == (404, "model_not_found", "model")


def test_health_is_live_and_ready(server: ServerProcess) -> None:
    assert get(server.url, "/health/live").json() == {"status": "live"}
    ready = get(server.url, "/health/ready")
    assert (ready.status, set(ready.json()["models"].values())) == (200, {"available"})


def test_the_metrics_count_requests_by_model_endpoint_and_status(server: ServerProcess) -> None:
    def count(model: str, status: int) -> int:
        page = get(server.url, "/metrics").body.decode()
        labels = f'endpoint="/completions",model="{model}",status="{status}"'
        found = re.search(rf"ovpipe_requests_total{{{labels}}} (\d+)", page)
        return int(found[1]) if found else 0

    before = count("echo", 200), count("", 404), count("bad", 500), count("counter", 422)
    post(server.url, {"model": "echo"}, path="/v1/completions")
    post(server.url, {"model": "echo"}, path="/v3/completions")
    post(server.url, {"model": "a name that nobody serves"}, path="/v1/completions")
    post(server.url, {"model": "bad", "do": "value"}, path="/v1/completions")
    post(server.url, {"model": "counter", "error_after": 1, "error": "refuse"}, path="/v1/completions")
    after = count("echo", 200), count("", 404), count("bad", 500), count("counter", 422)
    assert [new - old for new, old in zip(after, before, strict=True)] == [2, 1, 1, 1]
    page = get(server.url, "/metrics")
    assert page.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert 'ovpipe_requests_in_flight{endpoint="/completions"} 0.0' in page.body.decode()
    assert 'ovpipe_request_seconds_count{endpoint="/completions",model="echo"}' in page.body.decode()


def test_a_hangup_ends_nothing_and_is_in_the_log(server: ServerProcess) -> None:
    server.signal(signal.SIGHUP)
    server.wait_line("reloaded: unchanged: echo, org/echo, counter, bad")
    assert post(server.url, {"model": "echo"}).status == 200
