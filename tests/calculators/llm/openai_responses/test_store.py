"""ResponseStore: what is kept, for whom, and for how long."""

from __future__ import annotations

import asyncio
import logging
import stat
from collections.abc import Callable, Coroutine
from functools import wraps
from pathlib import Path
from typing import Any

import pytest

from ovpipe.calculators.llm.openai_responses.folder import ResponseFolder
from ovpipe.calculators.llm.openai_responses.store import ResponseStore

ROOM = 10**6


def on_a_loop(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Runs a test on an event loop of its own."""

    @wraps(test)
    def run(**fixtures: Any) -> None:
        asyncio.run(test(**fixtures))

    return run


def response_id(number: int) -> str:
    return f"resp_{number:032x}"


def response(number: int, previous: int | None = None, text: str = "") -> dict[str, Any]:
    return {
        "id": response_id(number),
        "previous_response_id": None if previous is None else response_id(previous),
        "output": [{"id": f"msg_{number}", "text": text}],
    }


def user(number: int) -> list[dict[str, Any]]:
    return [{"id": f"user_{number}", "text": "Hi"}]


async def ids_of(store: ResponseStore, owner: str, numbers: range) -> list[int]:
    """Which of some responses an owner can read."""
    return [number for number in numbers if await store.get(owner, response_id(number)) is not None]


@on_a_loop
async def test_a_response_is_its_owners_alone() -> None:
    store = ResponseStore(10, ROOM)
    store.put("key:ada", response(1), user(1))
    kept = await store.get("key:ada", response_id(1))
    assert kept is not None
    assert (kept.response, kept.input) == (response(1), user(1))
    for other in ("key:bob", ""):
        assert await store.get(other, response_id(1)) is None
        assert await store.conversation(other, response_id(1)) is None
        assert await store.item(other, "msg_1") is None
        assert not await store.delete(other, response_id(1))
    assert await store.delete("key:ada", response_id(1))
    assert (len(store), store.size) == (0, 0)


@on_a_loop
async def test_a_conversation_is_all_items_up_to_a_response_unless_one_is_gone() -> None:
    store = ResponseStore(10, ROOM)
    for number in (1, 2, 3):
        store.put("", response(number, number - 1 or None), user(number))
    items = await store.conversation("", response_id(3))
    assert items is not None
    assert [item["id"] for item in items] == ["user_1", "msg_1", "user_2", "msg_2", "user_3", "msg_3"]
    assert await store.item("", "user_2") == user(2)[0]
    await store.delete("", response_id(2))
    assert await store.conversation("", response_id(3)) is None
    assert await store.item("", "user_2") is None


@on_a_loop
async def test_the_least_recently_used_goes_first() -> None:
    store = ResponseStore(3, ROOM)
    for number in (1, 2, 3):
        store.put("", response(number), user(number))
    await store.get("", response_id(1))
    store.put("", response(4), user(4))
    assert await ids_of(store, "", range(1, 5)) == [1, 3, 4]


@on_a_loop
async def test_who_keeps_most_loses_first_and_never_another() -> None:
    store = ResponseStore(4, ROOM)
    store.put("key:ada", response(1), user(1))
    for number in range(2, 9):
        store.put("key:bob", response(number), user(number))
    assert await ids_of(store, "key:ada", range(1, 9)) == [1]
    assert await ids_of(store, "key:bob", range(1, 9)) == [6, 7, 8]


@on_a_loop
async def test_bytes_are_bounded_and_what_is_larger_than_all_room_is_not_kept(
    caplog: pytest.LogCaptureFixture,
) -> None:
    store = ResponseStore(100, 1000)
    for number in range(1, 20):
        store.put("", response(number, text="x" * 100), user(number))
        assert store.size <= 1000
    assert len(await ids_of(store, "", range(1, 20))) > 1
    with caplog.at_level(logging.WARNING):
        store.put("", response(20, text="x" * 1000), user(20))
    assert await ids_of(store, "", range(1, 21)) == []
    assert "is not kept: there is room for 1000" in caplog.text


@on_a_loop
async def test_in_a_folder_responses_outlive_the_store(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    store = ResponseStore(3, ROOM, ResponseFolder(folder))
    await store.open()
    for number in (1, 2, 3, 4):
        store.put("key:ada", response(number), user(number))
    await store.delete("key:ada", response_id(4))
    await store.close()
    assert sorted(file.name for file in folder.iterdir()) == [
        f"{response_id(2)}.json",
        f"{response_id(3)}.json",
    ]
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}
    (folder / f"{response_id(5)}.part").write_bytes(b"{")
    (folder / f"{response_id(6)}.json").write_bytes(b"{")
    again = ResponseStore(3, ROOM, ResponseFolder(folder))
    await again.open()
    assert await ids_of(again, "key:ada", range(1, 7)) == [2, 3]
    assert await ids_of(again, "", range(1, 7)) == []
    assert await again.item("key:ada", "msg_3") == response(3)["output"][0]
    await again.close()
    assert not list(folder.glob("*.part"))


@on_a_loop
async def test_what_another_store_has_written_since_is_found_too(tmp_path: Path) -> None:
    old, new = (ResponseStore(3, ROOM, ResponseFolder(tmp_path)) for _ in range(2))
    await old.open()
    await new.open()
    old.put("", response(1), user(1))
    await old.close()
    assert await ids_of(new, "", range(3)) == [1]
    assert await new.get("", "../etc/passwd") is None
    await new.close()


@on_a_loop
async def test_what_cannot_be_written_stays_in_memory_and_is_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = ResponseStore(3, ROOM, ResponseFolder(tmp_path / "kept"))
    await store.open()
    (tmp_path / "kept").rmdir()
    store.put("", response(1), user(1))
    assert await store.get("", response_id(2)) is None  # which was looked for after the write
    assert "cannot be kept in" in caplog.text
    assert await ids_of(store, "", range(3)) == [1]
    await store.close()
