"""The line for each request has no secrets."""

from __future__ import annotations

import pytest

from ovpipe.serving.requests.access_log import without_secrets


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("/v1/models?api_key=abc&a=1", "/v1/models?api_key=***&a=1"),
        ("/v1/models?a=1&API-KEY=abc", "/v1/models?a=1&API-KEY=***"),
        ("/v1/models?api%5Fkey=abc", "/v1/models?api%5Fkey=***"),
        ("/v1/models?access_token=abc#there", "/v1/models?access_token=***#there"),
        ("https://site/?key=", "https://site/?key=***"),
        ("/v1/models?monkey_count=3&a=key", "/v1/models?monkey_count=3&a=key"),
        ("/v1/keys/abc", "/v1/keys/abc"),
    ],
)
def test_values_that_are_named_like_secrets_are_left_out(url: str, said: str) -> None:
    assert without_secrets(url) == said
