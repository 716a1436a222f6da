"""IdleWatch: nothing moves in a run."""

from __future__ import annotations

import asyncio

from ovpipe.runtime.runs.idle_watch import IdleWatch


def test_it_calls_once_when_nothing_moves() -> None:
    async def watch_it() -> float:
        loop = asyncio.get_running_loop()
        called: asyncio.Future[None] = loop.create_future()
        began = loop.time()
        IdleWatch(0.04, lambda: 7, lambda: called.set_result(None))  # a second call would raise
        await asyncio.wait_for(called, 10)
        return loop.time() - began

    assert asyncio.run(watch_it()) >= 0.04


def test_whatever_moves_is_left_alone() -> None:
    async def move() -> bool:
        called = asyncio.Event()
        moves = 0
        watch = IdleWatch(1.0, lambda: moves, called.set)
        loop = asyncio.get_running_loop()
        end = loop.time() + 1.6
        while loop.time() < end:
            moves += 1
            await asyncio.sleep(0.05)
        watch.stop()
        return called.is_set()

    assert not asyncio.run(move())


def test_a_stopped_watch_calls_nobody() -> None:
    async def stop() -> bool:
        called = asyncio.Event()
        IdleWatch(0.01, lambda: 7, called.set).stop()
        await asyncio.sleep(0.05)
        return called.is_set()

    assert not asyncio.run(stop())


def test_it_calls_again_only_when_something_has_moved_in_between() -> None:
    async def watch_it() -> list[int]:
        moves = 0
        idle_at: list[int] = []
        called = asyncio.Event()

        def on_idle() -> None:
            idle_at.append(moves)
            called.set()

        watch = IdleWatch(0.02, lambda: moves, on_idle)
        async with asyncio.timeout(10):
            await called.wait()
            called.clear()
            await asyncio.sleep(0.06)
            moves = 1
            await called.wait()
        watch.stop()
        return idle_at

    assert asyncio.run(watch_it()) == [0, 1]
