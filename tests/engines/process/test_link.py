"""One life of an engine: how it is noticed that its process is gone or hangs, and what only looks like it."""

from __future__ import annotations

import asyncio
import os
import signal
import time

import pytest

from ovpipe.engines.process.backoff import Backoff
from ovpipe.engines.process.ends import LinkLost
from ovpipe.engines.process.link import EngineLink
from ovpipe.engines.protocol import EngineDied, EngineStats, EngineTimeouts, GenerateRequest
from tests.engines.clients import (
    FAKE_HOST,
    HANG,
    HANG_AT_ONCE,
    NONSENSE,
    SLOW_PREFILL,
    bounded,
    is_gone,
    opened,
    restarts,
    some,
    tokens_of,
    until,
)


def test_a_killed_process_is_noticed_when_it_idles_too() -> None:
    async def scenario() -> None:
        async with opened() as engine:
            assert engine.pid is not None
            os.kill(engine.pid, signal.SIGKILL)
            await until(lambda: restarts(engine) == 1)
            assert await tokens_of(engine.generate([0], some(1))) == [1]

    bounded(scenario)


def test_a_process_that_talks_nonsense_is_replaced() -> None:
    async def scenario() -> None:
        async with opened() as engine:
            with pytest.raises(EngineDied, match="no message"):
                await tokens_of(engine.generate([NONSENSE, 0], some(10**9)))
            await until(lambda: engine.metrics()["engine_up"] == 1)

    bounded(scenario)


def test_silence_in_a_step_or_in_a_prefill_is_a_death_after_its_own_limit() -> None:
    async def scenario() -> None:
        async with opened(EngineTimeouts(prefill=20, step=0.3)) as engine:
            with pytest.raises(EngineDied, match=r"no sign of life for 0.3 s \(step\)"):
                await tokens_of(engine.generate([HANG, 0], some(5)))
        async with opened(EngineTimeouts(prefill=0.3, step=20)) as engine:
            with pytest.raises(EngineDied, match=r"no sign of life for 0.3 s \(prefill\)"):
                await tokens_of(engine.generate([HANG_AT_ONCE, 0], some(5)))
            await until(lambda: engine.metrics()["engine_up"] == 1)

    bounded(scenario)


def test_what_the_process_has_started_does_not_hide_its_end() -> None:
    async def scenario() -> None:
        async with asyncio.timeout(10), opened(child="careless") as engine:
            first = engine.pid
            assert first is not None
            try:
                os.kill(first, signal.SIGKILL)
                await until(lambda: restarts(engine) == 1)
            finally:
                os.killpg(first, signal.SIGKILL)
            assert engine.pid is not None
            os.killpg(engine.pid, signal.SIGKILL)

    bounded(scenario)


def test_a_hung_process_is_given_up_even_if_its_socket_stays_open() -> None:
    async def scenario() -> None:
        async with (
            asyncio.timeout(10),
            opened(EngineTimeouts(step=0.3), child="holding", backoff=Backoff(first=60, cap=60)) as engine,
        ):
            with pytest.raises(EngineDied, match="no sign of life"):
                await tokens_of(engine.generate([HANG, 0], some(5)))
            assert engine.metrics()["engine_up"] == 0

    bounded(scenario)


def test_a_process_that_no_signal_ends_keeps_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        async with asyncio.timeout(10), opened(EngineTimeouts(step=0.3, close=0.1)) as engine:
            first = engine.pid
            assert first is not None
            with monkeypatch.context() as patched:
                # One that waits in the kernel for ever cannot be had in a test.
                patched.setattr("ovpipe.engines.process.child.os.killpg", lambda pid, signal: None)
                patched.setattr("ovpipe.engines.process.child._KILL_SECONDS", 0.2)
                with pytest.raises(EngineDied, match="no sign of life"):
                    await tokens_of(engine.generate([HANG, 0], some(5)))
                await until(lambda: restarts(engine) == 1)
            assert await tokens_of(engine.generate([0], some(2))) == [1, 2]
            os.killpg(first, signal.SIGKILL)
            await until(lambda: is_gone(first))

    bounded(scenario)


def test_a_hung_process_is_found_out_even_if_every_request_in_it_is_cancelled() -> None:
    async def scenario() -> None:
        async with opened(EngineTimeouts(prefill=0.5, step=0.5, still=1)) as engine:
            async with engine.generate([HANG, 0], some(5)) as hung:
                await anext(hung)
                await asyncio.sleep(0.1)  # well into the step that hangs
            while engine.metrics()["engine_up"]:
                engine.generate([0], some(5)).cancel()
                await asyncio.sleep(0.01)

    bounded(scenario)


def test_steps_without_deltas_are_signs_of_life() -> None:
    async def scenario() -> None:
        async with opened(EngineTimeouts(prefill=0.6, step=0.6)) as engine:  # its prefill takes 1 s
            assert await tokens_of(engine.generate([SLOW_PREFILL, 0], some(1))) == [1]

    bounded(scenario)


def test_an_idle_engine_may_be_silent() -> None:
    async def scenario() -> None:
        async with opened(EngineTimeouts(prefill=0.1, step=0.1)) as engine:
            await tokens_of(engine.generate([0], some(1)))
            await asyncio.sleep(0.5)
            assert engine.metrics()["engine_up"] == 1
            assert restarts(engine) == 0

    bounded(scenario)


def test_an_event_loop_that_stood_still_does_not_blame_the_engine() -> None:
    async def scenario() -> None:
        async with opened(EngineTimeouts(prefill=0.2, step=0.2)) as engine:
            async with engine.generate([0], some(10**9)) as generation:
                await anext(generation)
                time.sleep(0.5)  # noqa: ASYNC251  # the very thing tested
                seen = (await anext(generation)).generated
                while (await anext(generation)).generated < seen + 5:
                    pass
            assert engine.metrics()["engine_up"] == 1

    bounded(scenario)


def test_a_fault_of_the_servers_own_ends_a_life_and_no_more() -> None:
    def fail(stats: EngineStats) -> None:
        raise ZeroDivisionError("a fault")

    async def scenario() -> None:
        link = await EngineLink.start(
            FAKE_HOST,
            {},
            name="fake",
            timeouts=EngineTimeouts(),
            on_progress=lambda progress: None,
            on_stats=fail,
        )
        link.add(GenerateRequest(1, [0], some(5)))
        with pytest.raises(LinkLost, match="was given up: a fault"):
            await link.serve()
        await link.close(0.0)

    bounded(scenario)
