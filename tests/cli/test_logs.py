"""Log records, one line each, whatever they hold. Fault 62."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any

import pytest

from ovpipe.cli.logs import JsonFormatter, OneRecordFormatter
from ovpipe.serving.requests.current import FIELDS, serving


def formatted(message: str, *arguments: object) -> list[str]:
    record = logging.LogRecord("room", logging.INFO, "", 0, message, arguments, None)
    return OneRecordFormatter().format(record).split("\n")


def test_a_record_has_time_level_and_name() -> None:
    (line,) = formatted("%s is here", "somebody")
    assert line.endswith(" INFO room: somebody is here")


@pytest.mark.parametrize("separator", ["\n", "\r", "\r\n", "\v", "\f", "\x1c", "\x85", "\u2028"])
def test_what_follows_a_line_break_is_indented(separator: str) -> None:
    first, second = formatted("%s", f"one{separator}2026 INFO root: forged")
    assert first.endswith("one")
    assert second == "    2026 INFO root: forged"


def test_control_characters_are_written_out() -> None:
    assert formatted("%s", "\x1b[2Ja\x07b\0c\tand a tab")[0].endswith(r"\x1b[2Ja\x07b\x00c" + "\tand a tab")


def as_json(message: str, *arguments: object, **attributes: object) -> Any:
    record = logging.LogRecord("room", logging.WARNING, "", 0, message, arguments, None)
    record.__dict__.update(attributes)
    text = JsonFormatter().format(record)
    assert text.isascii()
    assert text.isprintable(), "one line, and nothing that a terminal takes for a command"
    return json.loads(text)


def test_a_record_as_json_is_one_line_with_time_level_logger_and_message() -> None:
    entry = as_json("%s\nis here", "\x1b\x9b\u2028\ud800somebody")
    assert datetime.fromisoformat(entry.pop("time")).tzinfo is UTC
    assert entry == {
        "level": "warning",
        "logger": "room",
        "message": "\x1b\x9b\u2028\ud800somebody\nis here",
    }


def test_fields_of_a_record_are_fields_of_the_object() -> None:
    assert as_json("done", **{FIELDS: {"status": 200}})["status"] == 200


def test_an_exception_is_in_the_object() -> None:
    try:
        raise ValueError("two\nlines")
    except ValueError:
        entry = as_json("failed", exc_info=sys.exc_info())
    assert entry["exception"].endswith("ValueError: two\nlines")


def test_what_is_logged_within_a_request_has_its_id() -> None:
    with serving("id-1"):
        assert formatted("begun")[0].endswith("INFO room: begun request_id=id-1")
        assert as_json("begun")["request_id"] == "id-1"
    assert formatted("over")[0].endswith("INFO room: over")
    assert "request_id" not in as_json("over")
