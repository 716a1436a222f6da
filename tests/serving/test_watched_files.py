"""Watching files, look by look."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from ovpipe.serving.watched_files import SettledChanges, Stamp, WatchedFiles, watching

A, B = Path("a"), Path("b")


def at(time: int | None) -> Stamp:
    return None if time is None else (time, time, 1, 1)


def looks(known: int | None, *times: int | None) -> list[bool]:
    """Whether each look finds file A changed, which is of these times."""
    settled = SettledChanges({A: at(known)})
    return [settled.look({A: at(time)}, {}) == [A] for time in times]


def test_a_change_counts_once_when_it_has_stayed_for_a_second_look() -> None:
    assert looks(1, 1, 2, 2, 2) == [False, False, True, False]


def test_a_file_that_is_being_written_is_not_read() -> None:
    assert looks(1, 2, 3, 4, 5, 5) == [False, False, False, False, True]


def test_a_file_that_is_away_for_one_look_has_not_changed_and_one_that_is_gone_has() -> None:
    assert looks(1, None, 1, 1) == [False] * 3
    assert looks(1, None, None, None) == [False, True, False]
    assert looks(None, 1, 1) == [False, True]


def test_a_change_that_is_taken_back_in_time_is_none_and_one_taken_back_later_is_another() -> None:
    assert looks(1, 2, 1, 1) == [False] * 3
    assert looks(1, 2, 2, 3, 3) == [False, True, False, True]


def test_files_that_belong_together_change_together() -> None:
    settled = SettledChanges({A: at(1), B: at(1)})
    states: list[Mapping[Path, Stamp]] = [
        {A: at(2), B: at(1)},
        {A: at(2), B: at(2)},
        {A: at(2), B: at(2)},
    ]
    assert [settled.look(state, {}) for state in states] == [[], [], [A, B]]


def test_a_file_that_comes_under_watch_has_not_changed_until_it_does() -> None:
    settled = SettledChanges({A: at(1)})
    both = {A: at(1), B: at(7)}
    assert [settled.look(both, {}), settled.look(both, {})] == [[], []]
    later = {A: at(1), B: at(8)}
    assert [settled.look(later, {}), settled.look(later, {})] == [[], [B]]


def test_a_file_that_changed_between_its_reading_and_the_first_look_at_it_has_changed() -> None:
    settled = SettledChanges({A: at(1)})
    both = {A: at(1), B: at(8)}
    assert [settled.look(both, {B: at(7)}), settled.look(both, {B: at(7)})] == [[], [B]]
    assert settled.look(both, {B: at(7)}) == []


def test_what_reads_may_fail_and_is_called_at_the_next_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("ovpipe.serving.watched_files.SECONDS", 0.01)
    caplog.set_level(logging.INFO)
    file = tmp_path / "keys"
    file.write_text("good")
    read: list[str] = []

    async def scenario() -> None:
        done = asyncio.Event()

        async def reads(changed: Sequence[Path]) -> None:
            assert changed == [file]
            read.append(file.read_text())
            done.set()
            if read[-1] == "bad":
                raise ValueError("no key")

        async with watching([WatchedFiles("the keys", lambda: [file], reads)]), asyncio.timeout(30):
            for text in ("bad", "better"):
                file.write_text(text)
                await done.wait()
                done.clear()

    asyncio.run(scenario())
    assert read == ["bad", "better"]
    assert f"the keys: {file} changed" in caplog.text
    assert "the keys: the change has no effect, what was read before stays in force: no key" in caplog.text


def test_a_list_of_files_that_cannot_be_made_ends_no_watch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("ovpipe.serving.watched_files.SECONDS", 0.01)
    file = tmp_path / "file"
    file.write_text("one")
    calls = 0

    def files() -> list[Path]:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise PermissionError("not yours")
        return [file]

    async def scenario() -> None:
        done = asyncio.Event()

        async def reads(_: Sequence[Path]) -> None:
            done.set()

        async with watching([WatchedFiles("files", files, reads)]), asyncio.timeout(30):
            file.write_text("three")
            await done.wait()

    asyncio.run(scenario())
    assert "not yours" in caplog.text
