"""What no client should send, and what comes back. Faults 1 to 18, 21, 22 and 62.

After every case a normal request succeeds, and a stream that ran beside it is complete.
"""

from __future__ import annotations

import gzip
import json
import re
import socket
import zlib
from collections.abc import Iterator

import pytest

from tests.serving.asking import (
    CHAT,
    JSON_HEADERS,
    ask,
    connected,
    get,
    post,
    raw,
    raw_post,
    status_of,
    streamed,
)
from tests.serving.server_process import ServerProcess
from tests.serving.waiting import wait_until

LIMIT = 400_000


@pytest.fixture(autouse=True)
def nobody_else_notices(server: ServerProcess) -> Iterator[None]:
    with streamed(server.url, {"model": "counter", "count": 20, "pause": 0.01}) as beside:
        first = beside.readline()
        yield
        assert (first + beside.read()).decode() == "".join(f"data: {n}\n\n" for n in range(20))
    assert post(server.url, {"model": "echo"}).status == 200


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"hello", id="no JSON"),
        pytest.param(b"[]", id="list"),
        pytest.param(b"42", id="number"),
        pytest.param(b"null", id="null"),
        pytest.param(b'"x"', id="string"),
        pytest.param(b'{"model": "\xff"}', id="invalid UTF-8"),
        pytest.param(rb'{"model": "\ud800"}', id="lone surrogate"),
        pytest.param(b'{"model": ' + b"[" * 101 + b"]" * 101 + b"}", id="deep"),
        pytest.param(b'{"a":' * 50_000, id="very deep"),
        pytest.param(b'{"model": "echo", "x": NaN}', id="NaN"),
        pytest.param(b'{"model": "echo", "x": -Infinity}', id="Infinity"),
        pytest.param(b'{"model": "echo", "x": 1e999}', id="1e999"),
        pytest.param(b'{"model": "echo", "x": ' + b"7" * 5000 + b"}", id="5000 digits"),
        pytest.param(b'{"model": "echo", "model": "counter"}', id="duplicate keys"),
    ],
)
def test_a_body_that_is_no_proper_json_object_is_400(server: ServerProcess, body: bytes) -> None:
    answer = post(server.url, body)
    assert answer.error() == (400, "invalid_body", None)
    assert answer.headers["content-type"] == "application/json; charset=utf-8"


def test_an_unknown_charset_is_400(server: ServerProcess) -> None:
    answer = post(
        server.url, {"model": "echo"}, headers={"Content-Type": "application/json; charset=klingon"}
    )
    assert answer.error() == (400, "unsupported_charset", None)


def test_multipart_is_415(server: ServerProcess) -> None:
    answer = post(
        server.url, b"--x\r\n\r\n--x--", headers={"Content-Type": "multipart/form-data; boundary=x"}
    )
    assert answer.error() == (415, "unsupported_media_type", None)


@pytest.mark.parametrize("headers", [{}, {"Content-Type": "application/x-www-form-urlencoded"}])
def test_a_body_that_is_not_declared_as_json_is_415_and_says_how(
    server: ServerProcess, headers: dict[str, str]
) -> None:
    answer = post(server.url, {"model": "echo"}, headers=headers)
    assert answer.error() == (415, "unsupported_media_type", None)
    assert "'Content-Type: application/json'" in answer.json()["error"]["message"]


def test_a_body_at_the_limit_is_taken(server: ServerProcess) -> None:
    body = b'{"model": "echo", "x": "%s"}'
    body %= b"a" * (LIMIT - len(body) + 2)
    assert len(body) == LIMIT
    assert post(server.url, body).status == 200


def test_a_body_over_the_limit_is_413_before_it_is_read(server: ServerProcess) -> None:
    head = raw_post(b"").replace(b"Content-Length: 0", b"Content-Length: 99999999999")
    with connected(server.url) as connection:
        connection.sendall(head)
        assert status_of(connection.recv(65536)) == 413


def test_a_client_that_waits_to_be_asked_for_its_body_is_asked(server: ServerProcess) -> None:
    body = b'{"model": "echo"}'
    with connected(server.url) as connection, connection.makefile("rb") as answer:
        connection.sendall(raw_post(body, "Expect: 100-continue").removesuffix(body))
        assert answer.readline() == b"HTTP/1.1 100 Continue\r\n"
        connection.sendall(body)
        assert answer.readline() == b"\r\n"
        assert status_of(answer.read()) == 200


def test_a_client_is_not_asked_for_a_body_over_the_limit(server: ServerProcess) -> None:
    head = raw_post(b"", "Expect: 100-continue").replace(b"Content-Length: 0", b"Content-Length: 500000")
    with connected(server.url) as connection:
        connection.sendall(head)
        assert status_of(connection.recv(65536)) == 413


def test_another_expectation_is_417_as_json(server: ServerProcess) -> None:
    answer = raw(server.url, raw_post(b"{}", "Expect: miracles"))
    assert status_of(answer) == 417
    assert b'"code":"expectation_failed"' in answer


def test_a_chunked_body_over_the_limit_is_413(server: ServerProcess) -> None:
    chunk = b"%x\r\n%s\r\n" % (100_000, b"a" * 100_000)
    head = raw_post(b"", "Transfer-Encoding: chunked").replace(b"Content-Length: 0\r\n", b"")
    answer = raw(server.url, head + chunk * 5 + b"0\r\n\r\n")
    assert status_of(answer) == 413
    assert b'"code":"request_too_large"' in answer


def test_many_tiny_chunks_are_one_body(server: ServerProcess) -> None:
    body = json.dumps({"model": "echo", "x": "a" * 5000}).encode()
    head = raw_post(b"", "Transfer-Encoding: chunked").replace(b"Content-Length: 0\r\n", b"")
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in body)
    assert status_of(raw(server.url, head + chunks + b"0\r\n\r\n")) == 200


def test_a_header_that_is_too_long_is_400_as_json(server: ServerProcess) -> None:
    answer = raw(server.url, raw_post(b"{}", "X-Long: " + "a" * 10_000))
    assert status_of(answer) in (400, 431)
    assert b'"code":"malformed_request"' in answer


def test_too_many_headers_are_400(server: ServerProcess) -> None:
    answer = raw(server.url, raw_post(b"{}", *(f"X-{n}: a" for n in range(5000))))
    assert status_of(answer) in (400, 431)


def test_a_url_that_is_too_long_is_400(server: ServerProcess) -> None:
    assert status_of(raw(server.url, raw_post(b"{}", path="/" + "a" * 20_000))) in (400, 414)


def test_content_length_with_transfer_encoding_is_400(server: ServerProcess) -> None:
    assert status_of(raw(server.url, raw_post(b"0\r\n\r\n", "Transfer-Encoding: chunked"))) == 400


def test_what_is_no_http_is_400_as_json_and_one_line_in_the_log(server: ServerProcess) -> None:
    answer = raw(server.url, b"HELO mail\r\n\r\n")
    assert status_of(answer) == 400
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["code"] == "malformed_request"
    server.wait_line("a malformed request from .* was refused: BadHttp")
    assert "Traceback" not in server.output()


@pytest.mark.parametrize(("encoding", "compress"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
def test_a_compressed_body_is_read(server: ServerProcess, encoding: str, compress: object) -> None:
    assert callable(compress)
    body = compress(b'{"model": "echo", "x": 1}')
    answer = post(server.url, body, headers=JSON_HEADERS | {"Content-Encoding": encoding})
    assert answer.json()["json"] == {"model": "echo", "x": 1}


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"no gzip at all", id="none"),
        pytest.param(gzip.compress(b'{"model": "echo"}' * 100)[:30], id="cut short"),
        pytest.param(gzip.compress(b'{"model": "echo"}')[:-8] + b"12345678", id="wrong checksum"),
    ],
)
def test_bad_gzip_is_400(server: ServerProcess, body: bytes) -> None:
    answer = raw(server.url, raw_post(body, "Content-Encoding: gzip"))
    assert status_of(answer) == 400
    assert b'{"error":{' in answer


def test_a_gzip_bomb_is_413_by_its_decompressed_size(server: ServerProcess) -> None:
    bomb = gzip.compress(b'{"model": "' + b"a" * 50_000_000)
    assert len(bomb) < LIMIT
    answer = post(server.url, bomb, headers=JSON_HEADERS | {"Content-Encoding": "gzip"})
    assert answer.error() == (413, "request_too_large", None)


def test_a_slow_body_is_408_at_the_limit(server: ServerProcess) -> None:
    with connected(server.url) as connection:
        connection.sendall(raw_post(b"x" * 100)[:-50])
        assert status_of(connection.recv(65536)) == 408


@pytest.mark.parametrize(
    "path", ["/nix", "/v1", "/v2/models", "/v1/chat/completions/x", "/v1/embeddings", "/metrics/x"]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_unknown_path_is_404(server: ServerProcess, method: str, path: str) -> None:
    assert ask(server.url, method, path, b"", {}).error() == (404, "unknown_url", None)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_a_wrong_method_is_405_with_allow(server: ServerProcess, method: str) -> None:
    answer = ask(server.url, method, CHAT, b"", {})
    assert answer.error() == (405, "method_not_allowed", None)
    assert answer.headers["allow"] == "POST"


def test_models_can_only_be_read(server: ServerProcess) -> None:
    assert post(server.url, {}, path="/v1/models").headers["allow"] == "GET, HEAD"


@pytest.mark.parametrize("model", [None, 42, [], {}, True, ""])
def test_a_model_that_is_no_name_is_400(server: ServerProcess, model: object) -> None:
    code = "missing_required_parameter" if model is None else "invalid_type"
    assert post(server.url, {"model": model}).error() == (400, code, "model")


def test_a_missing_model_is_400_and_names_those_served(server: ServerProcess) -> None:
    answer = post(server.url, {})
    assert answer.error() == (400, "missing_required_parameter", "model")
    assert "Models here: echo, org/echo, counter, bad." in answer.json()["error"]["message"]


def test_an_unknown_model_is_404_and_names_those_served_but_not_itself(server: ServerProcess) -> None:
    answer = post(server.url, {"model": "gpt-nix"})
    assert answer.error() == (404, "model_not_found", "model")
    assert "echo, org/echo, counter, bad" in answer.json()["error"]["message"]
    assert "gpt-nix" not in answer.body.decode()


def test_newlines_in_model_and_headers_forge_no_log_line(server: ServerProcess) -> None:
    forged = "x\n2026-01-01 00:00:00,000 INFO root: a forged line"
    assert post(server.url, {"model": forged}).status == 404
    assert status_of(raw(server.url, raw_post(b"{}", f"X-A: {forged}"))) == 400
    assert get(server.url, "/v1/models/" + forged.replace("\n", "%0A").replace(" ", "%20")).status == 404
    assert post(server.url, {"model": "bad", "do": "value"}).status == 500  # its message has the same line
    server.wait_line("secret")
    assert not any(line.startswith("2026-01-01 00:00:00,000") for line in server.log)


def test_a_client_that_sends_half_a_request_and_goes_is_forgotten(server: ServerProcess) -> None:
    def clients_that_left() -> float:
        counts = re.findall(r'^ovpipe_requests_total\{.*status="499".*\} (\S+)$', metrics(), re.MULTILINE)
        return sum(float(count) for count in counts)

    def metrics() -> str:
        return get(server.url, "/metrics").body.decode()

    before = clients_that_left()
    with connected(server.url) as connection:
        connection.sendall(raw_post(b"x" * 100)[:-50])
        connection.shutdown(socket.SHUT_RDWR)
    wait_until(lambda: clients_that_left() == before + 1)
