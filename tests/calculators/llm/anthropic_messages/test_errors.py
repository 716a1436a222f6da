"""AnthropicErrors: what goes wrong, as Anthropic writes it."""

from __future__ import annotations

import json

import pytest

from ovpipe.calculators.llm.anthropic_messages.errors import ANTHROPIC_ERRORS
from ovpipe.errors import RequestError
from tests.anthropic_types import as_error


@pytest.mark.parametrize(
    ("error", "status", "kind"),
    [
        (RequestError(400, "x"), 400, "invalid_request_error"),
        (RequestError(401, "x"), 401, "authentication_error"),
        (RequestError(403, "x"), 403, "permission_error"),
        (RequestError(404, "x"), 404, "not_found_error"),
        (RequestError(405, "x"), 405, "invalid_request_error"),
        (RequestError(415, "x"), 415, "invalid_request_error"),
        (RequestError(429, "x", code="client_share_exceeded"), 429, "rate_limit_error"),
        (RequestError(429, "x", code="model_overloaded"), 529, "overloaded_error"),
        (RequestError(503, "x", code="queue_timeout"), 529, "overloaded_error"),
        (RequestError(503, "x", code="first_token_timeout"), 504, "timeout_error"),
        (RequestError(503, "x", code="model_loading"), 503, "api_error"),
        (RequestError(500, "x"), 500, "api_error"),
    ],
)
def test_each_error_has_anthropics_type_and_status(error: RequestError, status: int, kind: str) -> None:
    response = ANTHROPIC_ERRORS.response(error)
    assert response.status == status
    written = as_error(response.body)
    assert (written.type, written.error.type, written.error.message) == ("error", kind, "x")
    event = ANTHROPIC_ERRORS.event(error)
    assert event.startswith(b"event: error\ndata: ")
    assert as_error(event.removeprefix(b"event: error\ndata: ")) == written


def test_a_prompt_that_is_too_long_is_said_in_the_words_that_agents_look_for() -> None:
    error = RequestError(400, "The context has 5 tokens.", code="context_length_exceeded")
    written = as_error(ANTHROPIC_ERRORS.response(error).body)
    assert written.error.message == "prompt is too long: The context has 5 tokens."


def test_an_error_has_its_requests_id() -> None:
    error = RequestError(404, "x")
    assert as_error(ANTHROPIC_ERRORS.response(error).body).request_id is None
    error.request_id = "abc"
    response = ANTHROPIC_ERRORS.response(error)
    assert response.headers["request-id"] == as_error(response.body).request_id == "abc"


def test_a_body_that_is_too_large_has_a_type_of_its_own() -> None:
    """The package's types do not know it; Anthropic's documentation of errors does."""
    response = ANTHROPIC_ERRORS.response(RequestError(413, "x"))
    assert response.status == 413
    assert json.loads(response.body)["error"]["type"] == "request_too_large"


def test_whoever_is_turned_away_hears_when_to_come_back() -> None:
    overloaded = RequestError(429, "x", code="server_overloaded", retry_after=7)
    assert ANTHROPIC_ERRORS.response(overloaded).headers["Retry-After"] == "7"
    assert ANTHROPIC_ERRORS.response(RequestError(503, "x")).headers["Retry-After"] == "1"
