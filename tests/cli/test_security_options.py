"""What the command line and the environment say of who may come in, over a server.yaml."""

from __future__ import annotations

from pathlib import Path

from ovpipe.cli.security_options import with_options
from ovpipe.serving.security.api_key import digest_of
from ovpipe.serving.security.config import SecurityConfig

SECRET = "environments-key-0123456789-abcdefghij"
WRITTEN = SecurityConfig(
    api_keys=Path("keys"),
    allowed_hosts=("a.example",),
    cors_origins=("https://a.example",),
    insecure=True,
    ssl_certfile=Path("cert"),
    ssl_keyfile=Path("key"),
)


def test_the_key_is_taken_out_of_the_environment() -> None:
    environment = {"OVPIPE_API_KEY": SECRET, "PATH": "/bin"}
    (key,) = with_options(SecurityConfig(), environment).given_keys
    assert (key.name, key.digest) == ("OVPIPE_API_KEY", digest_of(SECRET))
    assert environment == {"PATH": "/bin"}


def test_without_options_the_file_holds() -> None:
    assert with_options(WRITTEN, {}) == WRITTEN


def test_an_option_replaces_what_the_file_says() -> None:
    given = with_options(
        WRITTEN,
        {},
        keys=[SECRET, SECRET + "2"],
        key_file=Path("others"),
        allowed_hosts=["b.example,c.example", "d.example"],
        cors_origins=["*"],
    )
    assert [key.name for key in given.given_keys] == ["api-key-1", "api-key-2"]
    assert given.api_keys == Path("others")
    assert given.allowed_hosts == ("b.example", "c.example", "d.example")
    assert given.cors_origins == ("*",)


def test_a_certificate_of_the_command_line_never_gets_the_key_of_the_file() -> None:
    given = with_options(WRITTEN, {}, certfile=Path("both"))
    assert (given.ssl_certfile, given.ssl_keyfile) == (Path("both"), None)
    assert with_options(WRITTEN, {}, keyfile=Path("new")).ssl_certfile == Path("cert")
