"""Watching server.yaml, look by look."""

from __future__ import annotations

from ovpipe.serving.config_watch import SettledContent


def looks(known: bytes | None, *contents: bytes | None) -> list[bool]:
    settled = SettledContent(known)
    return [settled.look(content) for content in contents]


def test_a_change_counts_once_when_it_has_stayed_for_a_second_look() -> None:
    assert looks(b"old", b"old", b"new", b"new", b"new") == [False, False, True, False]


def test_a_file_that_is_being_written_is_not_read() -> None:
    assert looks(b"old", b"", b"n", b"ne", b"new", b"new") == [False, False, False, False, True]


def test_a_file_that_is_away_for_a_moment_has_not_changed() -> None:
    assert looks(b"old", None, None, b"old", b"old") == [False] * 4
    assert looks(None, b"new", b"new") == [False, True]


def test_a_change_that_is_taken_back_in_time_is_none_and_one_taken_back_later_is_another() -> None:
    assert looks(b"old", b"new", b"old", b"old") == [False] * 3
    assert looks(b"old", b"new", b"new", b"old", b"old") == [False, True, False, True]
