"""A real server with API keys: what needs one, what does not, and how a key is refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from ovpipe.serving.routes.health import LIVE, READY
from ovpipe.serving.security.api_key import key_of
from ovpipe.serving.security.key_file import add_key, remove_key
from ovpipe.serving.security.roles import Role
from tests.serving.asking import CHAT, JSON_HEADERS, Answer, ask, raw, status_of
from tests.serving.conftest import GRAPHS
from tests.serving.server_process import ServerProcess
from tests.serving.waiting import wait_until

ALICE = "alices-key-0123456789-abcdefghijklmnop"
SCRAPER = "scrapers-key-0123456789-abcdefghijklmn"
ADMIN = "admins-key-0123456789-abcdefghijklmnop"
FROM_ENVIRONMENT = "environments-key-0123456789-abcdefghij"
PAGE = "https://chat.example.com"
BODY = b'{"model": "echo", "x": 1}'
PROTECTED = [
    "/",
    "/version",
    "/v1/models",
    "/v1/models/echo",
    "/openapi.json",
    "/docs",
    "/metrics",
    "/nowhere",
]


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of keys."""
    file = tmp_path_factory.mktemp("keys") / "api-keys"
    add_key(file, key_of("alice", ALICE, frozenset((Role.INFERENCE,))))
    add_key(file, key_of("scraper", SCRAPER, frozenset((Role.METRICS,))))
    add_key(file, key_of("admin", ADMIN, frozenset((Role.ADMIN,))))
    return file


@pytest.fixture(scope="module")
def server(keys: Path) -> Iterator[ServerProcess]:
    """Models echo and infer, whose errors are KServe's; keys of the file and of the environment."""
    config = keys.with_name("server.yaml")
    config.write_text(
        "version: 1\n"
        f"models: {{echo: {{graph: {GRAPHS}/echo.yaml}}, infer: {{graph: {GRAPHS}/infer.yaml}}}}\n"
        "security:\n"
        "  api_keys: api-keys\n"
        "  allowed_hosts: [llm.example.com]\n"
        "  cors_origins: ['https://chat.example.com']\n"
    )
    env = {"OVPIPE_API_KEY": FROM_ENVIRONMENT}
    with ServerProcess("--config", str(config), "--access-log", "--log-level", "debug", env=env) as server:
        server.wait_ready()
        yield server


def chat(server: ServerProcess, headers: Mapping[str, str]) -> Answer:
    return ask(server.url, "POST", CHAT, BODY, {**JSON_HEADERS, **headers})


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


@pytest.mark.parametrize(
    "headers",
    [bearer(ALICE), {"x-api-key": ALICE}, {"api-key": ALICE}, bearer(FROM_ENVIRONMENT), bearer(ADMIN)],
)
def test_a_key_opens_the_door(server: ServerProcess, headers: dict[str, str]) -> None:
    assert chat(server, headers).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        bearer("wrong"),
        bearer(ALICE + "x"),
        bearer(ALICE[:-1]),
        bearer("schl\xfcssel"),
        bearer("k" * 7000),
    ],
)
def test_without_a_valid_key_it_is_401_and_says_by_which_scheme(
    server: ServerProcess, headers: dict[str, str]
) -> None:
    answer = chat(server, headers)
    assert answer.error() == (401, "invalid_api_key", None)
    assert answer.headers["www-authenticate"] == 'Bearer realm="ovpipe"'


@pytest.mark.parametrize("path", PROTECTED)
def test_every_route_but_health_needs_a_key(server: ServerProcess, path: str) -> None:
    assert ask(server.url, "GET", path, b"", {}).error() == (401, "invalid_api_key", None)
    assert ask(server.url, "DELETE", path, b"", {}).error() == (401, "invalid_api_key", None)


@pytest.mark.parametrize("path", [*LIVE, *READY])
def test_health_needs_none(server: ServerProcess, path: str) -> None:
    assert ask(server.url, "GET", path, b"", {}).status == 200


@pytest.mark.parametrize(
    "path",
    [
        "//metrics/",
        "/%6detrics",
        "http://localhost/metrics",
        "/health/../metrics",
        "/metrics?/health",
        "/metrics%2Fhealth",
    ],
)
def test_no_spelling_of_a_path_gets_around_its_key(server: ServerProcess, path: str) -> None:
    answer = raw(server.url, f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    assert status_of(answer) == 401


def test_a_key_of_another_role_is_403(server: ServerProcess) -> None:
    answer = chat(server, bearer(SCRAPER))
    assert answer.error() == (403, "insufficient_permissions", None)
    assert "'admin' or 'inference'" in answer.json()["error"]["message"]
    assert ask(server.url, "GET", "/metrics", b"", bearer(ALICE)).status == 403
    assert ask(server.url, "GET", "/metrics", b"", bearer(SCRAPER)).status == 200
    assert ask(server.url, "GET", "/metrics", b"", bearer(FROM_ENVIRONMENT)).status == 200
    assert ask(server.url, "GET", "/debug/anything", b"", bearer(FROM_ENVIRONMENT)).status == 403
    assert ask(server.url, "GET", "/version", b"", bearer(SCRAPER)).status == 200
    assert ask(server.url, "GET", "/v1/config", b"", bearer(ALICE)).status == 403
    assert ask(server.url, "GET", "/v1/config", b"", bearer(ADMIN)).status == 200


def test_the_banner_says_where_the_key_goes(server: ServerProcess) -> None:
    server.wait_line('^try: curl .* -H "Authorization: Bearer \\$OVPIPE_API_KEY"')


def test_a_route_writes_its_401_in_its_own_family(server: ServerProcess) -> None:
    answer = ask(server.url, "POST", "/v2/models/infer/infer", b"{}", JSON_HEADERS)
    assert answer.status == 401
    assert set(answer.json()) == {"error"}
    assert answer.json()["error"].startswith("This server needs an API key.")


def test_a_key_names_its_client_whatever_the_address(server: ServerProcess) -> None:
    assert chat(server, bearer(ALICE)).json()["client"] == "key:alice"
    assert chat(server, bearer(FROM_ENVIRONMENT)).json()["client"] == "key:OVPIPE_API_KEY"


def test_headers_that_disagree_are_refused(server: ServerProcess) -> None:
    assert chat(server, {**bearer(ALICE), "x-api-key": ADMIN}).error() == (401, "invalid_api_key", None)


def test_a_key_in_the_url_counts_for_nothing_and_is_not_logged(server: ServerProcess) -> None:
    answer = ask(server.url, "GET", f"/v1/models?api_key={ALICE}&a=1", b"", {})
    assert answer.error() == (401, "invalid_api_key", None)
    chat(server, bearer(ALICE))
    server.wait_line(r'127.0.0.1 - alice \[.*\] "POST /v1/chat/completions HTTP/1.1" 200')
    server.wait_line(r'"GET /v1/models\?api_key=\*\*\*&a=1 HTTP/1.1" 401')
    assert ALICE not in server.output()


def test_a_listed_host_is_answered(server: ServerProcess) -> None:
    assert chat(server, {**bearer(ALICE), "Host": "LLM.example.com"}).status == 200
    assert chat(server, {**bearer(ALICE), "Host": "other.example.com"}).error()[:2] == (
        421,
        "host_not_allowed",
    )


def test_a_preflight_needs_no_key(server: ServerProcess) -> None:
    asked = {
        "Origin": PAGE,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    for path in (CHAT, "/metrics", "/nowhere"):
        answer = ask(server.url, "OPTIONS", path, b"", asked)
        assert (answer.status, answer.body) == (204, b"")
        assert answer.headers["access-control-allow-origin"] == PAGE
        assert answer.headers["access-control-allow-headers"] == "authorization,content-type"
        assert "POST" in answer.headers["access-control-allow-methods"]
    refused = ask(server.url, "OPTIONS", CHAT, b"", {**asked, "Origin": PAGE + ".evil.example"})
    assert refused.error() == (403, "origin_not_allowed", None)
    assert ask(server.url, "OPTIONS", CHAT, b"", {"Origin": PAGE}).status == 401


def test_a_listed_page_may_read_answers_and_errors_but_needs_its_key(server: ServerProcess) -> None:
    for headers, status in ((bearer(ALICE), 200), ({}, 401)):
        answer = chat(server, {**headers, "Origin": PAGE})
        assert answer.status == status
        assert answer.headers["access-control-allow-origin"] == PAGE
        assert answer.headers["vary"] == "Origin"
    assert chat(server, {**bearer(ALICE), "Origin": "https://evil.example"}).status == 403
    assert chat(server, bearer(ALICE)).headers["vary"] == "Origin"


def test_texts_are_in_no_log_whatever_comes_of_them(server: ServerProcess) -> None:
    text = "a-very-private-text"
    for body in (
        BODY.replace(b"1", b'"%s"' % text.encode()),
        b'{"model": "%s"}' % text.encode(),
        text.encode(),
    ):
        ask(server.url, "POST", CHAT, body, {**JSON_HEADERS, **bearer(ALICE)})
    assert text not in server.output()


def test_a_body_is_not_asked_for_without_a_key(server: ServerProcess) -> None:
    request = f"POST {CHAT} HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 9\r\nConnection: close\r\n\r\n"
    assert status_of(raw(server.url, request.encode())) == 401


def test_no_secret_header_reaches_a_graph(server: ServerProcess) -> None:
    seen = chat(
        server, {**bearer(ALICE), "Cookie": "a=b", "Proxy-Authorization": "Basic dTpw", "x-seen": "yes"}
    )
    assert ALICE not in seen.body.decode()


def test_who_did_not_come_in_is_counted_by_the_reason(server: ServerProcess) -> None:
    chat(server, {})
    chat(server, {"Host": "other.example.com"})
    page = ask(server.url, "GET", "/metrics", b"", bearer(SCRAPER)).body.decode()
    for reason in ("invalid_api_key", "host_not_allowed"):
        assert (
            f'ovpipe_requests_refused_total{{endpoint="/chat/completions",model="",reason="{reason}"}}'
            in page
        )


def test_the_description_says_that_keys_are_needed_but_for_health(server: ServerProcess) -> None:
    told = ask(server.url, "GET", "/openapi.json", b"", bearer(ALICE)).json()
    assert told["security"] == [{"bearer": []}, {"x-api-key": []}, {"api-key": []}]
    assert told["components"]["securitySchemes"]["bearer"] == {"type": "http", "scheme": "bearer"}
    assert told["paths"]["/health"]["get"]["security"] == []
    assert "security" not in told["paths"]["/models"]["get"]


def test_keys_come_and_go_while_the_server_runs(server: ServerProcess, keys: Path) -> None:
    secret = "bobs-key-0123456789-abcdefghijklmnopqr"
    assert chat(server, bearer(secret)).status == 401
    add_key(keys, key_of("bob", secret, frozenset((Role.INFERENCE,))))
    wait_until(lambda: chat(server, bearer(secret)).status == 200)
    good = keys.read_text()
    keys.write_text("broken")
    server.wait_line(
        "ERROR .*the change has no effect, what was read before stays in force: .*api-keys:1: a key is"
    )
    assert chat(server, bearer(secret)).status == 200
    keys.write_text(good)
    remove_key(keys, "bob")
    wait_until(lambda: chat(server, bearer(secret)).status == 401)
    assert chat(server, bearer(ALICE)).status == 200
