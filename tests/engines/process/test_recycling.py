"""An engine's process is replaced in an orderly way: nobody loses a request over it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from ovpipe.engines.process.backoff import Backoff
from ovpipe.engines.protocol import (
    EngineDied,
    EngineTimeouts,
    EngineUnavailable,
    Grammar,
    RequestRefused,
    SamplingParams,
)
from ovpipe.engines.wire import MAX_FRAME_BYTES
from tests.engines.clients import CRASH, READ, SLOW_PREFILL, bounded, opened, restarts, some, tokens_of, until

NEVER = Backoff(first=60, cap=60)
"""An orderly replacement waits for nothing, so this one must not matter."""


def test_what_runs_ends_in_the_old_process_and_what_comes_meanwhile_in_the_next() -> None:
    async def scenario() -> None:
        async with opened(backoff=NEVER, step_seconds=0.005) as engine:
            first = engine.pid
            running = engine.generate([0], some(100))
            await anext(running)
            engine.recycle("memory")
            later = asyncio.create_task(tokens_of(engine.generate([0], some(3))))
            assert len(await tokens_of(running)) == 99
            assert await later == [1, 2, 3]
            assert engine.pid != first
            assert engine.metrics()["engine_restarts_total"]["reason"]["memory"] == restarts(engine) == 1
            assert engine.metrics()["engine_requests"] == 0

    bounded(scenario)


class TokensHeard:
    """A meter that adds tokens up."""

    count = 0
    finish: str | None = None

    def reading(self) -> None:
        """Nothing that these tests ask for."""

    def tokens(self, count: int, cached: int | None) -> None:
        self.count += count

    def ended(self, finish: str | None) -> None:
        self.finish = finish


def test_what_comes_meanwhile_is_metered_like_any_other() -> None:
    async def scenario() -> None:
        async with opened(backoff=NEVER) as engine:
            running = engine.generate([0], some(10**9))
            await anext(running)
            engine.recycle("memory")
            heard = TokensHeard()
            waiting = engine.generate([0], some(3), meter=heard)
            running.cancel()
            await tokens_of(waiting)
            assert (heard.count, heard.finish) == (3, "length")

    bounded(scenario)


def test_it_is_up_and_counts_those_that_wait_as_long_as_the_old_process_works() -> None:
    async def scenario() -> None:
        async with opened(backoff=NEVER) as engine:
            running = engine.generate([0], some(10**9))
            await anext(running)
            engine.recycle("memory")
            waiting = engine.generate([0], some(3))
            assert engine.metrics()["engine_up"] == 1
            assert engine.metrics()["engine_requests"] == 2
            running.cancel()
            assert await tokens_of(waiting) == [1, 2, 3]

    bounded(scenario)


AT_ONCE = EngineTimeouts(recycle=0.01)
"""What runs in a process that is replaced goes on in the next at once."""


@pytest.mark.parametrize(
    "sampling",
    [
        SamplingParams(max_tokens=400, temperature=0),
        SamplingParams(max_tokens=400, temperature=0, seed=7),
        SamplingParams(max_tokens=400, min_tokens=300, logprobs=True),
    ],
    ids=["greedy", "greedy with a seed", "sampled"],
)
def test_what_runs_for_too_long_goes_on_in_the_next_process_token_for_token(sampling: SamplingParams) -> None:
    async def scenario() -> None:
        async with opened(AT_ONCE, NEVER, step_seconds=0.002) as engine:
            first = engine.pid
            heard = TokensHeard()
            running = engine.generate([0], sampling, meter=heard)
            deltas = [await anext(running)]
            engine.recycle("memory")
            deltas += [delta async for delta in running]
            assert [token.id for delta in deltas for token in delta.tokens] == list(range(1, 401))
            counts = [delta.generated for delta in deltas]
            assert counts == sorted(counts)
            assert (counts[-1], deltas[-1].finish) == (400, "length")
            assert (heard.count, heard.finish) == (400, "length")
            assert engine.pid != first
            assert restarts(engine) == 1

    bounded(scenario)


def test_a_text_goes_on_through_several_processes_beside_others_that_come_and_leave() -> None:
    async def scenario() -> None:
        async with opened(AT_ONCE, NEVER, step_seconds=0.002) as engine:
            texts = [engine.generate([start], some(600)) for start in (0, 1000, 2000)]
            leaving = engine.generate([3000], some(10**9))
            heads = [[token.id for token in (await anext(text)).tokens] for text in texts]
            for life in (1, 2, 3):
                await anext(leaving)
                engine.recycle("memory")
                await until(lambda life=life: restarts(engine) == life)  # type: ignore[misc]  # a lambda with a default
            leaving.cancel()
            for start, head, text in zip((0, 1000, 2000), heads, texts, strict=True):
                assert [*head, *await tokens_of(text)] == list(range(start + 1, start + 601))
            assert engine.metrics()["engine_requests"] == 0

    bounded(scenario)


@pytest.mark.parametrize(
    "sampling",
    [
        SamplingParams(max_tokens=10**9, seed=7),
        SamplingParams(max_tokens=10**9, temperature=0, frequency_penalty=0.5),
        SamplingParams(max_tokens=10**9, temperature=0, grammar=Grammar("regex", "a*")),
    ],
    ids=["sampled by a seed", "penalties of its own text", "a grammar"],
)
def test_what_would_begin_anew_is_waited_for(
    sampling: SamplingParams, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario() -> None:
        async with opened(AT_ONCE, NEVER, step_seconds=0.002) as engine:
            first = engine.pid
            running = engine.generate([0], sampling)
            await anext(running)
            engine.recycle("memory")
            await until(
                lambda: "0 requests go on in the next process, 1 that cannot are waited for" in caplog.text
            )
            assert (await anext(running)).tokens
            assert engine.pid == first
            running.cancel()
            await until(lambda: restarts(engine) == 1)

    bounded(scenario)


def test_a_request_that_the_old_process_has_not_begun_goes_to_the_next() -> None:
    async def scenario() -> None:
        async with opened(backoff=NEVER) as engine:
            first = engine.pid
            unbegun = engine.generate([SLOW_PREFILL, 0], some(2))
            engine.recycle("memory")
            assert await tokens_of(unbegun) == [1, 2]
            assert engine.pid != first

    bounded(scenario)


def test_a_request_whose_prompt_is_being_read_ends_where_it_is() -> None:
    async def scenario() -> None:
        async with opened(backoff=NEVER) as engine:
            first = engine.pid
            reading = engine.generate([READ, 0], some(2))
            while not reading.begun:
                await asyncio.sleep(0.01)
            engine.recycle("memory")
            await until(lambda: engine.metrics()["engine_running"] == 1)
            assert engine.pid == first
            reading.cancel()
            await until(lambda: restarts(engine) == 1)
            assert engine.pid != first

    bounded(scenario)


def test_an_idle_process_is_replaced_at_once_and_asking_again_meanwhile_changes_nothing() -> None:
    async def scenario() -> None:
        async with opened(backoff=NEVER) as engine:
            engine.recycle("memory")
            engine.recycle("grammars")
            assert await tokens_of(engine.generate([0], some(2))) == [1, 2]
            assert engine.metrics()["engine_restarts_total"]["reason"] == {
                "died": 0,
                "hung": 0,
                "poisoned": 0,
                "memory": 1,
            }

    bounded(scenario)


def test_one_that_waits_can_be_cancelled_and_one_that_fits_in_no_message_is_refused() -> None:
    async def scenario() -> None:
        async with opened(backoff=NEVER) as engine:
            engine.recycle("memory")
            waiting = engine.generate([0], some(10**9))
            too_large = engine.generate([2**40] * (MAX_FRAME_BYTES // 9 + 1), some(1))
            waiting.cancel()
            with pytest.raises(StopAsyncIteration):
                await anext(waiting)
            with pytest.raises(RequestRefused, match="above"):
                await anext(too_large)
            assert await tokens_of(engine.generate([0], some(2))) == [1, 2]
            assert engine.metrics()["engine_requests"] == 0

    bounded(scenario)


def test_a_process_that_dies_before_it_is_replaced_fails_what_ran_in_it_and_no_more() -> None:
    async def scenario() -> None:
        async with opened(backoff=Backoff(first=0.01)) as engine:
            crashing = engine.generate([CRASH, 0], some(5))
            await anext(crashing)
            engine.recycle("memory")
            waiting = asyncio.create_task(tokens_of(engine.generate([0], some(3))))
            with pytest.raises(EngineDied):
                await tokens_of(crashing)
            assert await waiting == [1, 2, 3]
            assert engine.metrics()["engine_restarts_total"]["reason"]["died"] == restarts(engine) == 1

    bounded(scenario)


def test_when_the_next_process_does_not_load_those_that_wait_are_told_and_others_refused(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        needed = tmp_path / "needed"
        needed.touch()
        async with opened(backoff=NEVER, needs_file=str(needed)) as engine:
            needed.unlink()
            engine.recycle("memory")
            with pytest.raises(EngineDied, match="the file is missing"):
                await tokens_of(engine.generate([0], some(5)))
            with pytest.raises(EngineUnavailable, match="started again"):
                engine.generate([0], some(5))

    bounded(scenario)


def test_closing_ends_what_waits_for_the_next_process() -> None:
    async def scenario() -> None:
        async with opened(backoff=NEVER) as engine:
            running = engine.generate([0], some(10**9))
            await anext(running)
            engine.recycle("memory")
            waiting = engine.generate([0], some(3))
            await engine.close()
            for ended in (running, waiting):
                with pytest.raises(EngineDied, match="was closed"):
                    await tokens_of(ended)

    bounded(scenario)


def test_a_process_that_says_it_is_worn_out_is_replaced_and_no_request_is_lost() -> None:
    async def scenario() -> None:
        async with opened(backoff=NEVER, most_grammars=3) as engine:
            first = engine.pid
            follow = [SamplingParams(max_tokens=3, grammar=Grammar("regex", "a" * n)) for n in range(1, 11)]
            found = await asyncio.gather(*(tokens_of(engine.generate([0], each)) for each in follow))
            assert found == [[1, 2, 3]] * 10
            await until(lambda: restarts(engine) >= 1)
            assert await tokens_of(engine.generate([0], some(3))) == [1, 2, 3]
            assert engine.pid != first
            assert engine.metrics()["engine_restarts_total"]["reason"]["grammars"] >= 1

    bounded(scenario)
