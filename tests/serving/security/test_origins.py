"""Which web pages may use a server."""

from __future__ import annotations

import pytest

from ovpipe.serving.security.errors import SecurityError
from ovpipe.serving.security.origins import AllowedOrigins

NONE = AllowedOrigins.of(())


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://localhost:8000", "localhost:8000"),
        ("http://LOCALHOST:8000", "localhost.:8000"),
        ("http://[::1]:8000", "[::1]:8000"),
        ("http://llm.example.com", "llm.example.com:80"),
        ("https://llm.example.com", "llm.example.com"),
        ("https://llm.example.com", "llm.example.com:443"),
    ],
)
def test_the_server_s_own_pages_may_ask(origin: str, host: str) -> None:
    assert NONE.allows(origin, host)


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("https://evil.example", "localhost:8000"),
        ("http://localhost:3000", "localhost:8000"),
        ("http://localhost", "localhost:8000"),
        ("http://127.0.0.1:8000", "localhost:8000"),
        ("http://localhost:8000.evil.example", "localhost:8000"),
        ("http://evil.example:8000", "evil:8000"),
        ("null", "null"),
        ("null", "localhost:8000"),
        ("", ""),
        ("file://", ""),
        ("http://", ""),
        ("localhost:8000", "localhost:8000"),
    ],
)
def test_pages_of_others_may_not(origin: str, host: str) -> None:
    assert not NONE.allows(origin, host)


def test_listed_origins_may_ask_and_read_the_answer() -> None:
    origins = AllowedOrigins.of(["https://Chat.example.com", "http://localhost:*", "https://*.example.org"])
    for origin in ("https://chat.example.com", "http://localhost:3000", "https://a.b.example.org"):
        assert origins.allows(origin, "localhost:8000")
        assert origins.headers(origin) == {
            "Access-Control-Allow-Origin": origin,
            "Access-Control-Expose-Headers": "*",
            "Vary": "Origin",
        }
    for origin in (
        "http://chat.example.com",
        "https://chat.example.com.evil.example",
        "https://xchat.example.com",
        "https://chatXexample.com",
        "http://localhost:3000/x",
        "https://example.org",
        "https://evil/.example.org",
        "null",
    ):
        assert not origins.allows(origin, "localhost:8000")
        assert origins.headers(origin) == {"Vary": "Origin"}
    assert origins.headers(None) == {"Vary": "Origin"}


def test_a_star_is_every_origin_and_null_must_be_written() -> None:
    assert AllowedOrigins.of(["*"]).allows("null", "localhost")
    assert AllowedOrigins.of(["*"]).headers("https://x.example")["Access-Control-Allow-Origin"] == "*"
    assert AllowedOrigins.of(["null"]).allows("null", "localhost")
    assert NONE.headers("https://x.example") == {}


def test_a_preflight_names_the_headers_that_were_asked_for() -> None:
    origins = AllowedOrigins.of(["https://chat.example.com"])
    headers = origins.preflight_headers("authorization,content-type")
    assert headers["Access-Control-Allow-Headers"] == "authorization,content-type"
    for asked in (None, "", "a\r\nb", "a:b", "ü", "a" * 3000):
        assert "Access-Control-Allow-Headers" not in origins.preflight_headers(asked)


@pytest.mark.parametrize(
    "name", ["chat.example.com", "https://chat.example.com/", "https://a/b", "", "https://ü.example"]
)
def test_what_is_no_origin_cannot_be_listed(name: str) -> None:
    with pytest.raises(SecurityError, match="is no origin; write one as a browser does"):
        AllowedOrigins.of([name])
