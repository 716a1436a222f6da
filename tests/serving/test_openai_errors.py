"""Errors as OpenAI clients read them."""

from __future__ import annotations

import json

import pytest

from ovpipe.errors import RequestError
from ovpipe.serving.openai_errors import (
    error_event,
    error_response,
    internal_error,
    shutting_down,
    wrong_method,
)


def test_a_refusal_has_its_status_and_all_four_fields() -> None:
    response = error_response(RequestError(400, "'n' is too large.", param="n", code="too_large"))
    assert response.status == 400
    assert response.content_type == "application/json"
    assert isinstance(response.body, bytes)
    assert json.loads(response.body) == {
        "error": {
            "message": "'n' is too large.",
            "type": "invalid_request_error",
            "param": "n",
            "code": "too_large",
        }
    }


def test_absent_fields_are_null() -> None:
    response = error_response(RequestError(404, "no"))
    assert isinstance(response.body, bytes)
    assert json.loads(response.body)["error"] == {
        "message": "no",
        "type": "invalid_request_error",
        "param": None,
        "code": None,
    }


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        (RequestError(429, "busy", retry_after=2.1), "3"),
        (RequestError(429, "busy"), "1"),
        (RequestError(503, "loading", retry_after=0), "1"),
        (shutting_down(), "5"),
    ],
)
def test_429_and_503_say_when_to_come_back(error: RequestError, seconds: str) -> None:
    assert error_response(error).headers["Retry-After"] == seconds


def test_other_errors_do_not() -> None:
    assert "Retry-After" not in error_response(internal_error()).headers


def test_an_error_in_a_stream_is_one_event() -> None:
    event = error_event(RequestError(500, "line\nline"))
    assert event.startswith(b'data: {"error":{"message":"line\\nline"')
    assert event.endswith(b"}}\n\n")
    assert event.count(b"\n") == 2


def test_a_405_names_what_is_allowed() -> None:
    assert wrong_method({"POST", "HEAD"}).message.endswith("allowed: HEAD, POST.")
