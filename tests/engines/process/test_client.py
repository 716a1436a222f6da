"""The server's side of an engine, with real processes that host a core that counts: what generations yield."""

from __future__ import annotations

import asyncio
import time

import pytest

from ovpipe.engines.protocol import (
    Delta,
    EngineDied,
    EngineError,
    EngineFull,
    EngineLoadError,
    EngineTimeouts,
    EngineUnavailable,
    RequestFailed,
    RequestRefused,
)
from tests.engines.clients import (
    FAIL_OVER_IT,
    GIVE_UP,
    GIVE_WAY,
    HANG,
    READ,
    REFUSE,
    SLOW_PREFILL,
    bounded,
    opened,
    restarts,
    some,
    tokens_of,
    until,
)
from tests.tokens import tokens


def test_a_generation_yields_its_deltas_in_order_and_ends_after_the_finish() -> None:
    async def scenario() -> None:
        async with opened() as engine, engine.generate([7], some(3)) as generation:
            deltas = [delta async for delta in generation]
            assert [token.id for delta in deltas for token in delta.tokens] == [8, 9, 10]
            assert deltas[-1].finish == "length"
            assert deltas[-1].generated == 3

    bounded(scenario)


def test_many_generations_run_at_once_and_each_gets_its_own_tokens() -> None:
    async def scenario() -> None:
        async with opened() as engine:
            answers = await asyncio.gather(
                *(tokens_of(engine.generate([n * 100], some(9))) for n in range(40))
            )
            assert answers == [list(range(n * 100 + 1, n * 100 + 10)) for n in range(40)]
            assert engine.metrics()["engine_max_running"] > 1

    bounded(scenario)


def test_a_request_whose_prompt_is_read_for_long_hears_that_the_engine_is_at_work() -> None:
    async def scenario() -> None:
        async with opened() as engine, engine.generate([READ, 0], some(9)) as generation:
            assert await anext(generation) == Delta(1, [], 0)

    bounded(scenario)


def test_an_engine_makes_progress_by_what_it_does_for_others_too() -> None:
    async def scenario() -> None:
        async with opened() as engine:
            before = engine.progress
            async with engine.generate([0], some(10**9)) as busy:
                await anext(busy)
                assert engine.progress > before
            await until(lambda: engine.metrics()["engine_running"] == 0)
            idle = engine.progress
            await tokens_of(engine.generate([SLOW_PREFILL, 0], some(1)))
            assert engine.progress >= idle + 10

    bounded(scenario)


def test_an_engine_that_hangs_makes_no_progress_until_it_loads_again() -> None:
    async def scenario() -> None:
        async with opened(EngineTimeouts(step=0.3)) as engine:
            hung = engine.generate([HANG, 0], some(5))
            await anext(hung)
            before = engine.progress
            with pytest.raises(EngineDied, match="no sign of life"):
                await anext(hung)
            assert engine.progress == before
            await until(lambda: engine.metrics()["engine_up"] == 1)
            assert engine.progress > before

    bounded(scenario)


def test_deltas_that_wait_for_a_slow_consumer_are_merged_into_one() -> None:
    async def scenario() -> None:
        async with opened() as engine, engine.generate([0], some(50)) as slow:
            await tokens_of(engine.generate([0], some(60)))  # by now the slow one has all of its own
            assert await anext(slow) == Delta(1, tokens(*range(1, 51)), 50, "length")
            with pytest.raises(StopAsyncIteration):
                await anext(slow)

    bounded(scenario)


def test_a_cancel_in_answer_to_the_kth_token_lets_one_more_be_generated_at_most() -> None:
    async def scenario() -> None:
        async with opened() as engine:
            for k in (1, 2, 5, 20):
                before = engine.metrics()["engine_generated_tokens_total"]
                steps = engine.metrics()["engine_steps_total"]
                async with engine.generate([0], some(1000)) as generation:
                    async for delta in generation:
                        if delta.generated >= k:  # two steps' deltas may have come at once
                            time.sleep(0.02)  # noqa: ASYNC251  # a run's own work, before it decides
                            generation.cancel()
                # The host counts the tokens of cancelled requests, too. It steps on until the cache settles.
                await until(lambda at=steps + k + 3: engine.metrics()["engine_steps_total"] >= at)  # type: ignore[misc]  # mypy infers no lambda default
                assert engine.metrics()["engine_generated_tokens_total"] - before <= k + 1

    bounded(scenario)


def test_leaving_the_context_cancels_and_a_second_cancel_does_nothing() -> None:
    async def scenario() -> None:
        async with opened() as engine:
            async with engine.generate([0], some(10**9)) as generation:
                await anext(generation)
            generation.cancel()
            assert engine.metrics()["engine_requests"] == 0
            await until(lambda: engine.metrics()["engine_running"] == 0)
            with pytest.raises(StopAsyncIteration):
                await anext(generation)

    bounded(scenario)


def test_a_consumer_that_waits_is_let_go_when_another_task_cancels() -> None:
    async def scenario() -> None:
        async with opened() as engine:
            generation = engine.generate([SLOW_PREFILL, 1], some(5))
            consumer = asyncio.create_task(tokens_of(generation))
            await until(lambda: engine.metrics()["engine_running"] == 1)
            generation.cancel()
            assert await consumer == []

    bounded(scenario)


def test_a_consumer_task_that_is_cancelled_leaves_nothing_in_the_engine() -> None:
    async def scenario() -> None:
        async with opened() as engine:
            consumer = asyncio.create_task(tokens_of(engine.generate([0], some(10**9))))
            await until(lambda: engine.metrics()["engine_running"] == 1)
            consumer.cancel()
            with pytest.raises(asyncio.CancelledError):
                await consumer
            await until(lambda: engine.metrics()["engine_running"] == 0)

    bounded(scenario)


def test_a_refused_request_raises_and_its_neighbour_completes() -> None:
    async def scenario() -> None:
        async with opened() as engine:
            neighbour = asyncio.create_task(tokens_of(engine.generate([0], some(30))))
            with pytest.raises(RequestRefused, match="told to refuse"):
                await tokens_of(engine.generate([REFUSE], some(5)))
            with pytest.raises(RequestRefused, match="told to give up"):
                await tokens_of(engine.generate([GIVE_UP, 3], some(5)))
            with pytest.raises(EngineFull, match="told to give up") as full:
                await tokens_of(engine.generate([GIVE_WAY, 3], some(5)))
            assert full.value.retry_after == 1
            with pytest.raises(RequestFailed, match="told to give up"):
                await tokens_of(engine.generate([FAIL_OVER_IT, 3], some(5)))
            with pytest.raises(RequestRefused, match="64 bits"):
                engine.generate([2**70], some(5))
            assert await neighbour == list(range(1, 31))
            assert restarts(engine) == 0

    bounded(scenario)


def test_every_error_of_an_engine_is_an_engine_error() -> None:
    assert all(
        issubclass(kind, EngineError)
        for kind in (EngineDied, EngineLoadError, EngineUnavailable, RequestRefused)
    )
