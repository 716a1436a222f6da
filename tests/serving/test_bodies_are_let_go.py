"""Nothing keeps a request's body once a node has read it: neither while its answer is waited for nor while it streams.

The server is watched by a trace and by metrics of its nodes, which keep nothing of it either.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serving.asking import CHAT, JSON_HEADERS, Answer, ask, post
from tests.serving.conftest import GRAPHS
from tests.serving.server_process import ServerProcess

TEXT = "of-this-body-alone, and more" * 100
BODY = json.dumps(
    {"messages": [{"content": TEXT}, {"content": [TEXT + "!"]}], "blob": {"a": {"b": [TEXT + "?"]}}}
)
BIG = json.dumps({"messages": [{"content": f"{TEXT} {n}"} for n in range(200)]})
FORM = (
    f'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n{TEXT}\r\n'
    f'--b\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n{TEXT}\r\n--b--\r\n'
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """One model, whose second node looks for what is left of a body."""
    trace: Path = tmp_path_factory.mktemp("trace") / "trace.json"
    with ServerProcess(f"{GRAPHS}/letting_go.yaml", "--trace", str(trace), "--node-metrics") as server:
        server.wait_ready()
        yield server


def found(answer: Answer) -> list[str]:
    """What was left before the response began, and while it streamed."""
    assert answer.status == 200, answer.body
    return [line for line in answer.body.decode().splitlines() if line]


@pytest.mark.parametrize("body", [BODY, BIG], ids=["small", "large"])
def test_of_a_json_body_nothing_is_left(server: ServerProcess, body: str) -> None:
    assert found(post(server.url, body.encode(), path=CHAT)) == ["data: []", "data: []"]


def test_of_a_compressed_body_nothing_is_left(server: ServerProcess) -> None:
    headers = JSON_HEADERS | {"Content-Encoding": "gzip"}
    assert found(post(server.url, gzip.compress(BIG.encode()), headers=headers)) == ["data: []", "data: []"]


def test_of_a_form_nothing_is_left(server: ServerProcess) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    assert found(post(server.url, FORM.encode(), path="/v1/uploads", headers=headers)) == ["data: []"] * 2


def test_of_plain_bytes_nothing_is_left(server: ServerProcess) -> None:
    assert found(ask(server.url, "POST", "/v1/blobs", TEXT.encode(), {})) == ["data: []", "data: []"]
