"""A local server without keys, and the web page of another site that has a browser ask it."""

from __future__ import annotations

import pytest

from tests.serving.asking import CHAT, JSON_HEADERS, ask, post, raw, raw_post, status_of
from tests.serving.server_process import ServerProcess

BODY = b'{"model": "echo"}'
EVIL = "https://evil.example"


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", None])
@pytest.mark.parametrize("origin", [EVIL, "null", None])
def test_a_simple_request_which_needs_no_preflight_is_refused(
    server: ServerProcess, content_type: str | None, origin: str | None
) -> None:
    headers = {"Content-Type": content_type} if content_type else {}
    headers |= {"Origin": origin} if origin else {}
    answer = post(server.url, BODY, headers=headers)
    assert answer.status == (415 if origin is None else 403)
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("origin", [EVIL, "null", "http://localhost:1", "chrome-extension://abc"])
def test_a_page_of_another_origin_is_refused_whatever_it_asks(server: ServerProcess, origin: str) -> None:
    answer = post(server.url, BODY, headers={**JSON_HEADERS, "Origin": origin})
    assert answer.error() == (403, "origin_not_allowed", None)
    assert "--cors-origin" in answer.json()["error"]["message"]
    for path in ("/v1/models", "/metrics", "/", "/nowhere"):
        assert ask(server.url, "GET", path, b"", {"Origin": origin}).status == 403


def test_its_preflight_is_refused(server: ServerProcess) -> None:
    headers = {"Origin": EVIL, "Access-Control-Request-Method": "POST"}
    answer = ask(server.url, "OPTIONS", CHAT, b"", headers)
    assert answer.error() == (403, "origin_not_allowed", None)
    assert not any(name.startswith("access-control") for name in answer.headers)


def test_the_server_s_own_page_may_ask(server: ServerProcess) -> None:
    own = server.url
    assert post(server.url, BODY, headers={**JSON_HEADERS, "Origin": own}).status == 200
    headers = {**JSON_HEADERS, "Host": "localhost:99", "Origin": "http://localhost:99"}
    assert post(server.url, BODY, headers=headers).status == 200


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("LocalHost.:8000", 200),
        ("[::1]:8000", 200),
        ("evil.example:8000", 421),
        ("localhost.evil.example", 421),
        ("localhost@evil.example", 400),
        ("", 400),
    ],
)
def test_a_name_that_was_made_to_lead_here_is_not_served(
    server: ServerProcess, host: str, status: int
) -> None:
    request = raw_post(BODY).replace(b"Host: localhost", b"Host: " + host.encode())
    assert status_of(raw(server.url, request)) == status
    rebound = f"GET /v1/models HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nConnection: close\r\n\r\n"
    if status != 200:
        assert status_of(raw(server.url, rebound.encode())) == status


@pytest.mark.parametrize(
    ("target", "hosts", "status"),
    [
        ("http://evil.example/v1/models", ["localhost"], 421),
        ("http://localhost/v1/models", ["evil.example"], 421),
        ("http://user@localhost/v1/models", ["localhost"], 400),
        ("http://localhost:8000/v1/models", ["localhost"], 200),
        ("/v1/models", ["localhost", "evil.example"], 400),
        ("/v1/models", ["evil.example", "localhost"], 400),
        ("/v1/models", ["localhost", "localhost"], 400),
        ("/v1/models", [], 400),
        ("//evil.example/v1/models", ["localhost"], 404),
    ],
)
def test_hosts_that_disagree_are_refused(
    server: ServerProcess, target: str, hosts: list[str], status: int
) -> None:
    lines = [f"GET {target} HTTP/1.1", *(f"Host: {host}" for host in hosts), "Connection: close", "", ""]
    assert status_of(raw(server.url, "\r\n".join(lines).encode())) == status


def test_http_1_0_needs_no_host(server: ServerProcess) -> None:
    assert status_of(raw(server.url, b"GET /v1/models HTTP/1.0\r\n\r\n")) == 200


def test_health_is_answered_whatever_the_host(server: ServerProcess) -> None:
    headers = {"Host": "10-0-0-1.pods.example", "Origin": EVIL}
    assert ask(server.url, "GET", "/health", b"", headers).status == 200
