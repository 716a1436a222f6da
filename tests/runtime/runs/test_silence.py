"""The watch over runs in which nothing moves."""

from __future__ import annotations

import asyncio

from ovpipe.runtime.runs.silence import SilenceWatch


def test_it_rings_once_when_nothing_moves() -> None:
    async def listen() -> float:
        loop = asyncio.get_running_loop()
        rung: asyncio.Future[None] = loop.create_future()
        began = loop.time()
        SilenceWatch(0.04, lambda: 7, lambda: rung.set_result(None))  # a second ring would raise
        await asyncio.wait_for(rung, 10)
        return loop.time() - began

    assert asyncio.run(listen()) >= 0.04


def test_whatever_moves_is_left_alone() -> None:
    async def talk() -> bool:
        rung = asyncio.Event()
        moves = 0
        watch = SilenceWatch(1.0, lambda: moves, rung.set)
        loop = asyncio.get_running_loop()
        end = loop.time() + 1.6
        while loop.time() < end:
            moves += 1
            await asyncio.sleep(0.05)
        watch.stop()
        return rung.is_set()

    assert not asyncio.run(talk())


def test_a_stopped_watch_does_not_ring() -> None:
    async def stop() -> bool:
        rung = asyncio.Event()
        SilenceWatch(0.01, lambda: 7, rung.set).stop()
        await asyncio.sleep(0.05)
        return rung.is_set()

    assert not asyncio.run(stop())


def test_it_rings_again_only_when_something_has_moved_in_between() -> None:
    async def listen() -> list[int]:
        moves = 0
        rings: list[int] = []
        rung = asyncio.Event()

        def ring() -> None:
            rings.append(moves)
            rung.set()

        watch = SilenceWatch(0.02, lambda: moves, ring)
        async with asyncio.timeout(10):
            await rung.wait()
            rung.clear()
            await asyncio.sleep(0.06)
            moves = 1
            await rung.wait()
        watch.stop()
        return rings

    assert asyncio.run(listen()) == [0, 1]
