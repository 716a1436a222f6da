"""An engine's process that hangs is told from one that works, whether or not it has work."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from ovpipe.engines.process.backoff import Backoff
from ovpipe.engines.process.heartbeat import Heartbeat, SilenceLimits
from ovpipe.engines.process.vitals import vitals_of, waits_for_processor
from ovpipe.engines.protocol import EngineDied, EngineTimeouts
from tests.engines.clients import (
    COMPUTE_AT_FIRST,
    HANG,
    SPIN,
    bounded,
    opened,
    restarts,
    some,
    tokens_of,
    until,
)

SOON = EngineTimeouts(still=1.5)
NEVER = Backoff(first=60, cap=60)


def test_an_idle_process_that_is_stopped_is_noticed_and_replaced() -> None:
    async def scenario() -> None:
        async with opened(SOON) as engine:
            assert engine.pid is not None
            os.kill(engine.pid, signal.SIGSTOP)
            await until(lambda: restarts(engine) == 1)
            assert engine.metrics()["engine_restarts_total"]["reason"]["hung"] == 1
            assert await tokens_of(engine.generate([0], some(2))) == [1, 2]

    bounded(scenario)


def test_a_process_that_is_stopped_in_a_stream_ends_it_and_is_neither_up_nor_ready() -> None:
    async def scenario() -> None:
        async with opened(SOON, backoff=NEVER) as engine:
            assert engine.pid is not None
            assert engine.is_up
            async with engine.generate([0], some(10**9)) as running:
                await anext(running)
                os.kill(engine.pid, signal.SIGSTOP)
                with pytest.raises(EngineDied, match=r"for 1.5 s and is stopped \(step\)"):
                    async for _ in running:
                        pass
            assert engine.metrics()["engine_up"] == 0
            assert not engine.is_up

    bounded(scenario)


def test_a_step_that_waits_for_ever_is_noticed_long_before_the_limit_of_a_step() -> None:
    async def scenario() -> None:
        async with opened(SOON) as engine:
            with pytest.raises(EngineDied, match=r"for 1.5 s and does nothing \(step\)"):
                await tokens_of(engine.generate([HANG, 0], some(5)))

    bounded(scenario)


def test_a_step_that_computes_for_ever_is_noticed_by_the_speed_of_the_warm_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ovpipe.engines.process.pace.SHORTEST", 0.4)

    async def scenario() -> None:
        async with opened(seconds_per_token=1e-6) as engine:
            with pytest.raises(EngineDied, match=r"for 0.4 s, though it computes \(step\)"):
                await tokens_of(engine.generate([SPIN, 0], some(5)))

    bounded(scenario)


def test_a_long_step_that_computes_is_no_hang_and_is_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ovpipe.engines.process.heartbeat.LEAST_CPU", 0.01)

    async def scenario() -> None:
        async with opened(EngineTimeouts(still=1.0)) as engine:
            before = engine.progress
            long = asyncio.create_task(tokens_of(engine.generate([COMPUTE_AT_FIRST, 0], some(1))))
            beside = asyncio.create_task(tokens_of(engine.generate([0], some(1))))
            await until(lambda: engine.progress > before)
            assert not long.done(), "it moved within the first step"
            assert await long == await beside == [1]
            assert restarts(engine) == 0

    bounded(scenario)


def test_a_process_that_waits_for_another_device_is_no_hang_unless_it_is_stopped() -> None:
    async def scenario() -> None:
        async with opened(EngineTimeouts(still=0.2), device="GPU", step_seconds=0.8) as engine:
            assert await tokens_of(engine.generate([0], some(1))) == [1]
            assert engine.pid is not None
            stopped = asyncio.create_task(tokens_of(engine.generate([0], some(10**9))))
            os.kill(engine.pid, signal.SIGSTOP)
            with pytest.raises(EngineDied, match="is stopped"):
                await stopped

    bounded(scenario)


def test_a_process_that_the_machine_leaves_no_computing_time_is_no_hang() -> None:
    async def scenario() -> None:
        hung = asyncio.get_running_loop().create_future()
        heartbeat = Heartbeat(
            os.getpid(),  # which runs whenever somebody looks at it, and computes next to nothing
            interval=0.05,
            limits=lambda: SilenceLimits(still=0.3, busy=60, any=1),
            ping=lambda: None,
            on_work=lambda: None,
            on_hang=hung.set_result,
        )
        heartbeat.expect()
        assert await hung == "gave no sign of life for 1 s"

    bounded(scenario)


def test_what_the_system_says_of_a_process() -> None:
    ours = vitals_of(os.getpid())
    assert ours is not None
    assert ours.state == "R"
    assert ours.cpu_seconds > 0
    assert ours.resident_bytes > 10_000_000
    assert waits_for_processor(os.getpid())
    assert vitals_of(2**22 + 1) is None
    assert not waits_for_processor(2**22 + 1)
