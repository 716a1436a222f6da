"""Bodies that are not what RFC 8259 has in mind, and how each is refused. Faults 1 to 9 and 15."""

from __future__ import annotations

import asyncio
import json
import time

import pytest

from ovpipe.errors import RequestError
from ovpipe.serving.requests.body import (
    MAX_CONTAINERS,
    check_content_type,
    parse_body,
    parse_json,
)


def refusal(body: bytes) -> str:
    with pytest.raises(RequestError) as raised:
        asyncio.run(parse_body(body))
    assert raised.value.status == 400
    assert raised.value.code == "invalid_body"
    return raised.value.message


def nested(depth: int, inside: bytes = b"1") -> bytes:
    return b'{"a":' * depth + inside + b"}" * depth


def test_an_object_is_parsed() -> None:
    text = '{"model": "a", "n": [1, -2, 1.5e3, true, null], "text": "\u00fc \U0001f600 \\ud83d\\ude00 [{"}'
    assert asyncio.run(parse_body(text.encode())) == {
        "model": "a",
        "n": [1, -2, 1500.0, True, None],
        "text": "\u00fc \U0001f600 \U0001f600 [{",
    }


@pytest.mark.parametrize("body", [b"", b"  \r\n "])
def test_an_empty_body_is_refused(body: bytes) -> None:
    assert refusal(body) == "The request body is empty; a JSON object is expected."


@pytest.mark.parametrize("body", [b"[]", b"42", b"null", b'"x"', b"true"])
def test_what_is_json_but_no_object_is_refused(body: bytes) -> None:
    assert refusal(body) == "The request body must be a JSON object."


@pytest.mark.parametrize(
    "body",
    [b"hello", b"{'a': 1}", b'{"a": 1', b'{"a": 1} x', b'{"a": 01}', b'{"a":"\x01"}', b'"abc\\', b"]]]["],
)
def test_what_is_not_json_is_refused_with_its_place_and_without_its_bytes(body: bytes) -> None:
    message = refusal(body)
    assert message.startswith("The request body is not valid JSON: line 1, column ")
    assert "hello" not in message


def test_a_byte_order_mark_is_refused() -> None:
    assert "not valid JSON" in refusal(b'\xef\xbb\xbf{"a": 1}')


def test_invalid_utf8_is_refused() -> None:
    assert refusal(b'{"a": "\xff"}') == "The request body is not valid UTF-8: byte 7 cannot be decoded."


@pytest.mark.parametrize("escape", [rb"\ud800", rb"\uDFFF", rb"\ude00\ud83d", rb"a\ud83dz"])
@pytest.mark.parametrize("body", [b'{"a": "%s"}', b'{"%s": 1}', b'{"a": [{"b": "%s"}]}'])
def test_a_lone_surrogate_is_refused_in_values_and_in_keys(escape: bytes, body: bytes) -> None:
    assert "lone surrogate" in refusal(body % escape)


def test_an_escaped_backslash_before_ud800_is_no_surrogate() -> None:
    assert parse_json(rb'{"a": "\\ud800"}') == {"a": r"\ud800"}


def test_nesting_of_100_levels_is_taken_and_of_101_is_not() -> None:
    assert parse_json(nested(100)) is not None
    assert refusal(nested(101)) == "The request body is nested more than 100 levels deep."


def test_a_hundred_thousand_open_brackets_do_not_reach_the_parser() -> None:
    assert "nested" in refusal(b"[" * 100_000)


def test_brackets_inside_strings_are_no_nesting() -> None:
    assert parse_json(json.dumps({"a": '["{\\' * 500}).encode()) == {"a": '["{\\' * 500}


@pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"-Infinity"])
def test_numbers_that_are_none_are_refused(number: bytes) -> None:
    assert refusal(b'{"a": %s}' % number) == "The request body has NaN or Infinity, which are not JSON."


@pytest.mark.parametrize("number", [b"1e999", b"-1e999", b"1" * 400 + b".0"])
def test_a_number_that_would_be_infinite_is_refused(number: bytes) -> None:
    assert refusal(b'{"a": %s}' % number) == "The request body has a number that is too large."


def test_an_integer_of_5000_digits_is_refused() -> None:
    assert (
        refusal(b'{"a": %s}' % (b"9" * 5000)) == "The request body has an integer of more than 1000 digits."
    )


@pytest.mark.parametrize(
    "body", [b'{"a": 1, "a": 2}', b'{"x": [{"a": 1, "b": 2, "a": 1}]}', rb'{"a": 1, "\u0061": 2}']
)
def test_duplicate_keys_are_refused_wherever_they_stand(body: bytes) -> None:
    assert refusal(body) == "The request body has an object with duplicate keys."


def test_more_containers_than_the_limit_are_refused() -> None:
    body = b'{"a": [' + b",".join([b"[]"] * MAX_CONTAINERS) + b"]}"
    assert refusal(body) == f"The request body holds more than {MAX_CONTAINERS} objects and lists."


@pytest.mark.parametrize(
    "piece",
    [b'\\"', b'"', b'"\\', b"[]", b"x", b'["', b"\\\\"],
    ids=["quote", "open", "esc", "[]", "x", "mix", "bs"],
)
def test_a_hostile_megabyte_is_scanned_in_linear_time(piece: bytes) -> None:
    body = b'{"a": "' + piece * (1_000_000 // len(piece))
    began = time.perf_counter()
    with pytest.raises(RequestError):
        parse_json(body)
    assert time.perf_counter() - began < 5  # quadratic would be minutes


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "Application/JSON; charset=UTF-8",
        'application/json; charset="utf-8"',
        "application/json;charset=utf8;x=y",
        "application/problem+json",
    ],
)
def test_json_in_utf8_is_taken(content_type: str) -> None:
    check_content_type(content_type)


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "multipart/form-data; boundary=x",
        "text/plain",
        "text/plain; application/json",
        "text/plain;charset=application/json",
        "application/json, text/plain",
        "application/x-www-form-urlencoded",
        "json",
        "",
    ],
)
def test_what_is_not_declared_as_json_is_415(content_type: str | None) -> None:
    with pytest.raises(RequestError) as raised:
        check_content_type(content_type)
    assert raised.value.status == 415


@pytest.mark.parametrize("charset", ["latin-1", "utf-16", "klingon", "", "utf-8\0"])
def test_another_charset_is_400(charset: str) -> None:
    with pytest.raises(RequestError) as raised:
        check_content_type(f"application/json; charset={charset}")
    assert (raised.value.status, raised.value.code) == (400, "unsupported_charset")
