"""Turns go round the clients, whatever each has brought."""

from __future__ import annotations

import asyncio

from ovpipe.engines.grammars.fair_turns import FairTurns


async def asked(turns: FairTurns, client: str, order: list[str]) -> None:
    async with turns.turn(client):
        order.append(client)
        await asyncio.sleep(0)


def served(*clients: str) -> str:
    """The order in which those who come in this order have their turns."""

    async def scenario() -> str:
        turns, order = FairTurns(), list[str]()
        await asyncio.gather(*(asked(turns, client, order) for client in clients))
        return "".join(order)

    return asyncio.run(scenario())


def test_each_client_s_first_comes_before_another_s_second() -> None:
    assert served(*"aaaabbc") == "abcabaa"
    assert served(*"aaa") == "aaa"


def test_who_comes_late_does_not_wait_for_all_that_came_before() -> None:
    async def scenario() -> None:
        turns, order = FairTurns(), list[str]()
        async with turns.turn("a"):
            many = [asyncio.create_task(asked(turns, "a", order)) for _ in range(50)]
            await asyncio.sleep(0)
            late = asyncio.create_task(asked(turns, "b", order))
            await asyncio.sleep(0)
        await late
        assert order[0] == "b"
        await asyncio.gather(*many)
        assert len(order) == 51

    asyncio.run(scenario())


def test_who_has_left_has_no_turn_and_takes_none_along() -> None:
    async def scenario() -> None:
        turns, order = FairTurns(), list[str]()
        async with turns.turn("a"):
            tasks = [asyncio.create_task(asked(turns, client, order)) for client in "bbc"]
            await asyncio.sleep(0)
            tasks[0].cancel()  # it is told only after the turn has been passed on
        await asyncio.wait(tasks)
        assert order == ["b", "c"]
        async with turns.turn("a"):
            given = asyncio.create_task(asked(turns, "d", order))
            last = asyncio.create_task(asked(turns, "e", order))
            await asyncio.sleep(0)
        given.cancel()  # it was given its turn, and has not begun
        await asyncio.wait([given, last])
        assert order == ["b", "c", "e"]

    asyncio.run(scenario())
