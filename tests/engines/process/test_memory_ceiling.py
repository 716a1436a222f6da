"""An engine's process that takes too much memory is replaced in an orderly way."""

from __future__ import annotations

import asyncio

import pytest

from ovpipe.engines.process.backoff import Backoff
from ovpipe.engines.process.memory_ceiling import GIB, ROOM, MemoryCeiling
from ovpipe.engines.process.vitals import Vitals
from ovpipe.engines.protocol import EngineTimeouts
from tests.engines.clients import GROW, bounded, opened, restarts, some, tokens_of, until

NEVER = Backoff(first=60, cap=60)
MIB = 1024**2


def looks(stated: int | None, loaded: int, *later: int, cache_bytes: int = 0) -> list[int]:
    """The looks, by their number, at which a process is found to be over its ceiling."""
    over: list[int] = []

    async def scenario() -> None:
        ceiling = MemoryCeiling("fake", stated, lambda: over.append(at))
        ceiling.begin(Vitals("S", 1.0, 0, loaded), cache_bytes)
        for at, resident in enumerate(later):  # noqa: B007  # the ceiling's call reads it
            ceiling.look(Vitals("S", 1.0, 0, resident))

    asyncio.run(scenario())
    return over


def test_a_process_above_its_ceiling_is_replaced_and_no_request_is_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ovpipe.engines.process.memory_ceiling.LEAST_SECONDS", 0.0)

    async def scenario() -> None:
        async with opened(
            EngineTimeouts(still=2), NEVER, memory_ceiling=300 * MIB, step_seconds=0.01
        ) as engine:
            first = engine.pid
            assert 0 < engine.metrics()["engine_resident_bytes"] < 300 * MIB
            grown = asyncio.create_task(tokens_of(engine.generate([GROW, 0], some(200))))
            beside = asyncio.create_task(tokens_of(engine.generate([0], some(200))))
            assert len(await grown) == len(await beside) == 200
            await until(lambda: restarts(engine) == 1)
            assert await tokens_of(engine.generate([0], some(3))) == [1, 2, 3]
            assert engine.pid != first
            assert engine.metrics()["engine_restarts_total"]["reason"]["memory"] == 1
            assert 0 < engine.metrics()["engine_resident_bytes"] < 300 * MIB

    bounded(scenario)


def test_a_process_may_grow_by_its_cache_and_some_room_where_nobody_states_a_ceiling(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ovpipe.engines.process.memory_ceiling.LEAST_SECONDS", 0.0)
    most = GIB + 2 * GIB + ROOM
    assert looks(None, GIB, GIB, most, most + 1, cache_bytes=2 * GIB) == [2]
    assert looks(None, 20 * GIB, 30 * GIB, 30 * GIB + 1) == [1], "half as much again"


def test_a_ceiling_of_nothing_is_none_and_one_below_what_the_load_takes_has_no_effect(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("ovpipe.engines.process.memory_ceiling.LEAST_SECONDS", 0.0)
    assert looks(0, GIB, 1000 * GIB) == []
    assert caplog.text == ""
    assert looks(GIB // 2, GIB, 1000 * GIB) == []
    assert "takes 1.00 GiB once it is loaded, so its memory_ceiling of 0.50 has no effect" in caplog.text


def test_a_process_is_not_replaced_again_as_soon_as_it_serves() -> None:
    assert looks(2 * GIB, GIB, 3 * GIB) == []
