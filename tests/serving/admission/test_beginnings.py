"""Requests that may run begin one in a turn of the event loop."""

from __future__ import annotations

import asyncio

from ovpipe.serving.admission.beginnings import Beginnings


async def turns_of(beginnings: Beginnings, requests: int) -> list[int]:
    """In which turn of the loop each of so many requests began that came at once."""
    turn = 0
    began: list[int] = []

    async def begin() -> None:
        await beginnings.turn()
        began.append(turn)

    tasks = [asyncio.create_task(begin()) for _ in range(requests)]
    while len(began) < requests:
        await asyncio.sleep(0)
        turn += 1
    await asyncio.wait(tasks)
    return began


def test_one_alone_begins_at_once() -> None:
    async def begin() -> list[str]:
        turns: list[str] = []
        asyncio.get_running_loop().call_soon(turns.append, "a turn of the loop")
        await Beginnings().turn()
        return list(turns)

    assert asyncio.run(begin()) == []


def test_of_those_that_come_at_once_each_has_a_turn_of_its_own() -> None:
    began = asyncio.run(turns_of(Beginnings(), 8))
    assert len(set(began)) == 8
    assert began == sorted(began)


def test_one_that_leaves_takes_nobodys_turn() -> None:
    async def leave() -> list[int]:
        beginnings = Beginnings()
        await beginnings.turn()
        leaving = [asyncio.create_task(beginnings.turn()) for _ in range(3)]
        await asyncio.sleep(0)
        for task in leaving:
            task.cancel()
        await asyncio.wait(leaving)
        return await turns_of(beginnings, 2)

    first, second = asyncio.run(leave())
    assert first < second <= 3
