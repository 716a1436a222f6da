"""Errors as clients of each API read them."""

from __future__ import annotations

import json

import pytest
from jsonschema import Draft202012Validator

from ovpipe.errors import RequestError
from ovpipe.http_errors import OPENAI_ERRORS, OpenAIErrors


def test_a_refusal_has_its_status_and_all_four_fields() -> None:
    response = OPENAI_ERRORS.response(RequestError(400, "'n' is too large.", param="n", code="too_large"))
    assert response.status == 400
    assert response.headers == {"Content-Type": "application/json; charset=utf-8"}
    assert response.body == (
        b'{"error":{"message":"\'n\' is too large.","type":"invalid_request_error","param":"n","code":"too_large"}}'
    )


def test_absent_fields_are_null() -> None:
    response = OPENAI_ERRORS.response(RequestError(404, "no"))
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
        (RequestError(503, "draining", retry_after=5), "5"),
    ],
)
def test_429_and_503_say_when_to_come_back(error: RequestError, seconds: str) -> None:
    assert OPENAI_ERRORS.response(error).headers["Retry-After"] == seconds


def test_other_errors_do_not() -> None:
    assert "Retry-After" not in OPENAI_ERRORS.response(RequestError(500, "broken")).headers


def test_an_error_in_a_stream_is_one_event() -> None:
    event = OPENAI_ERRORS.event(RequestError(500, "line\nline"))
    assert event.startswith(b'data: {"error":{"message":"line\\nline"')
    assert event.endswith(b"}}\n\n")
    assert event.count(b"\n") == 2


def test_the_schema_is_that_of_the_body() -> None:
    Draft202012Validator(dict(OPENAI_ERRORS.schema)).validate(
        json.loads(OPENAI_ERRORS.response(RequestError(500, "broken")).body)
    )


def test_equal_families_are_one() -> None:
    assert OpenAIErrors() == OPENAI_ERRORS
