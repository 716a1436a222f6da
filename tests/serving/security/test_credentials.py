"""Which secret a request brings, and what each path asks of its key."""

from __future__ import annotations

import pytest
from multidict import CIMultiDict

from ovpipe.errors import RequestError
from ovpipe.serving.routes.health import LIVE, READY
from ovpipe.serving.security.credentials import secret_in
from ovpipe.serving.security.roles import Role, is_public, roles_for


@pytest.mark.parametrize(
    "headers",
    [
        [("Authorization", "Bearer k")],
        [("authorization", "bearer   k ")],
        [("X-Api-Key", "k")],
        [("api-key", "k")],
        [("x-api-key", "k"), ("Authorization", "Bearer k")],
        [("x-api-key", "k"), ("Authorization", "Basic dTpw")],
        [("x-api-key", "k"), ("api-key", "")],
    ],
)
def test_the_key_is_found_where_clients_put_it(headers: list[tuple[str, str]]) -> None:
    assert secret_in(CIMultiDict(headers)) == "k"


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ([], "This server needs an API key"),
        ([("Authorization", "Bearer ")], "This server needs an API key"),
        ([("Authorization", "k")], "The Authorization header has no API key"),
        ([("Authorization", "Basic dTpw")], "The Authorization header has no API key"),
        ([("Authorization", "Bearer k"), ("x-api-key", "l")], "several API keys that differ"),
        ([("Authorization", "Bearer k"), ("Authorization", "Bearer l")], "several API keys that differ"),
    ],
)
def test_no_key_and_keys_that_disagree_are_401(headers: list[tuple[str, str]], said: str) -> None:
    with pytest.raises(RequestError, match=said) as raised:
        secret_in(CIMultiDict(headers))
    assert (raised.value.status, raised.value.code) == (401, "invalid_api_key")


@pytest.mark.parametrize("path", [*LIVE, *READY])
def test_health_is_public(path: str) -> None:
    assert is_public(path)


@pytest.mark.parametrize(
    ("path", "roles"),
    [
        ("/v1/chat/completions", {Role.INFERENCE, Role.ADMIN}),
        ("/v1/models", {Role.INFERENCE, Role.ADMIN}),
        ("/nowhere", {Role.INFERENCE, Role.ADMIN}),
        ("/metrics", {Role.METRICS, Role.ADMIN}),
        ("/debug", {Role.ADMIN}),
        ("/debug/graphs", {Role.ADMIN}),
        ("/v1/config", {Role.ADMIN}),
        ("/v3/config/reload", {Role.ADMIN}),
        ("/configuration", {Role.INFERENCE, Role.ADMIN}),
        ("/docs", set(Role)),
    ],
)
def test_each_path_asks_for_a_role(path: str, roles: set[Role]) -> None:
    assert not is_public(path)
    assert roles_for(path) == roles
