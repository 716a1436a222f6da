"""What is wrong with a request of the Messages API comes back as Anthropic's error, and nobody else notices."""

from __future__ import annotations

import json
import socket
from contextlib import ExitStack
from typing import Any

import pytest
from anthropic import Anthropic, RateLimitError

from tests.anthropic_types import as_error, as_events
from tests.end_to_end.messages.conftest import HI, KEY, MessagesApi
from tests.serving.asking import JSON_HEADERS, ask, connected, streaming

HEADERS = {**JSON_HEADERS, "x-api-key": KEY}
GOOD = {"model": "tiny", "max_tokens": 200, "temperature": 0, "messages": HI}
DEEP = b'{"model": "tiny", "max_tokens": 5, "messages": ' + b"[" * 200 + b"]" * 200 + b"}"


def good(**more: Any) -> bytes:
    return json.dumps(GOOD | more).encode()


FAULTS: dict[str, tuple[bytes, int, str]] = {
    "empty": (b"", 400, "body"),
    "no object": (b"[]", 400, "object"),
    "deep": (DEEP, 400, "nest"),
    "NaN": (b'{"model": "tiny", "max_tokens": NaN}', 400, "NaN"),
    "twice": (b'{"model": "tiny", "model": "tiny"}', 400, "duplicate keys"),
    "half a pair": (good(system="\ud800"), 400, "surrogate"),
    "no model": (good(model="nobody"), 404, "model"),
    "no messages": (good(messages=[]), 400, "'messages'"),
    "a number": (good(messages=[{"role": "user", "content": 5}]), 400, "'messages[0].content'"),
    "an image": (
        good(messages=[{"role": "user", "content": [{"type": "image", "source": {}}]}]),
        400,
        "'messages[0].content[0]'",
    ),
    "too long": (good(messages=[{"role": "user", "content": "word " * 5000}]), 400, "prompt is too long"),
    "too large": (good(system="x" * 5_000_000), 413, "larger than the limit"),
    "a wrong schema": (
        good(output_config={"format": {"type": "json_schema", "schema": {"type": "x"}}}),
        400,
        "'output_config.format.schema",
    ),
    "a forced tool there is not": (good(tool_choice={"type": "any"}), 400, "'tool_choice'"),
    "a stop of a wrong type": (good(stop_sequences=[5]), 400, "'stop_sequences[0]'"),
}


def test_every_fault_is_anthropics_error_and_a_stream_beside_it_is_whole(api: MessagesApi) -> None:
    alone = ask(api.url, "POST", "/v1/messages", good(stream=True), HEADERS).body
    with streaming(api.url, "POST", "/v1/messages", good(stream=True), HEADERS) as beside:
        for name, (body, status, says) in FAULTS.items():
            answer = ask(api.url, "POST", "/v1/messages", body, HEADERS)
            assert answer.status == status, name
            error = answer.json()["error"]
            assert error["type"] == {404: "not_found_error", 413: "request_too_large"}.get(
                status, "invalid_request_error"
            )
            assert says in error["message"], (name, error["message"])
            assert answer.json()["request_id"] == answer.headers["request-id"]
        told = beside.read()

    def texts(stream: bytes) -> list[str]:
        return [event.delta.text for event in as_events(stream) if event.type == "content_block_delta"]

    assert "".join(texts(told)) == "".join(texts(alone))


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        ("GET", HEADERS, 405),
        ("POST", HEADERS | {"Content-Type": "text/plain"}, 415),
        ("POST", JSON_HEADERS, 401),
    ],
)
def test_what_the_door_refuses_is_anthropics_error_too(
    api: MessagesApi, method: str, headers: dict[str, str], status: int
) -> None:
    answer = ask(api.url, method, "/v1/messages", good(), headers)
    assert answer.status == status
    assert as_error(answer.body).request_id == answer.headers["request-id"]


def test_a_client_that_has_its_share_is_limited(api: MessagesApi, client: Anthropic) -> None:
    """Two requests whose bodies are still to come take all that one client may have of the server's four."""
    head = (
        f"POST /v1/messages HTTP/1.1\r\nHost: localhost\r\nx-api-key: {KEY}\r\nExpect: 100-continue\r\n"
        "Content-Type: application/json\r\nContent-Length: 5\r\n\r\n"
    )
    with ExitStack() as held:
        for _ in range(2):
            connection: socket.socket = held.enter_context(connected(api.url))
            connection.sendall(head.encode())
            assert connection.recv(100).startswith(b"HTTP/1.1 100")
        with pytest.raises(RateLimitError) as limited:
            client.messages.create(model="tiny", max_tokens=5, messages=HI)
    assert limited.value.type == "rate_limit_error"
    assert int(limited.value.response.headers["retry-after"]) >= 1


def test_the_metrics_have_the_status_that_the_client_gets(api: MessagesApi) -> None:
    late = ask(api.url, "POST", "/v1/messages", good(), {**HEADERS, "X-Request-Timeout-Seconds": "0.000001"})
    assert late.status == 504
    counted = ask(api.url, "GET", "/metrics", b"", HEADERS).body.decode()
    assert 'ovpipe_requests_total{endpoint="/messages",model="tiny",status="504"}' in counted
