"""Log records, one line each, whatever they hold. Fault 62."""

from __future__ import annotations

import logging

import pytest

from ovpipe.cli.logs import OneRecordFormatter


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
