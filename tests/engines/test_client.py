"""The server's side of an engine, with real processes that host a core that counts."""

from __future__ import annotations

import asyncio
import logging
import os
import select
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from ovpipe.engines.backoff import Backoff
from ovpipe.engines.client import EngineClient
from ovpipe.engines.link import EngineLink, LinkLost
from ovpipe.engines.protocol import (
    Delta,
    EngineConfig,
    EngineDied,
    EngineError,
    EngineLoadError,
    EngineStats,
    EngineTimeouts,
    EngineUnavailable,
    GenerateRequest,
    Generation,
    Progress,
    RequestRefused,
    SamplingParams,
)

FAKE_HOST = [sys.executable, str(Path(__file__).with_name("fake_host.py"))]

# What fake_host.py does at the second step of a request whose prompt starts so.
CRASH, HANG, RAISE, REFUSE, GIVE_UP, HANG_AT_ONCE, SLOW_PREFILL, NONSENSE = range(-1, -9, -1)
BAD_GRAMMAR, RAISE_AT_ONCE = -9, -10  # at the first


def bounded(scenario: Callable[[], Coroutine[Any, Any, None]]) -> None:
    async def within_a_minute() -> None:
        async with asyncio.timeout(60):
            await scenario()

    asyncio.run(within_a_minute())


@asynccontextmanager
async def opened(
    timeouts: EngineTimeouts | None = None, backoff: Backoff | None = None, **options: Any
) -> AsyncIterator[EngineClient]:
    client = await EngineClient.open(
        EngineConfig(options=options), timeouts=timeouts, backoff=backoff, command=FAKE_HOST, name="fake"
    )
    try:
        yield client
    finally:
        await client.close()


async def tokens_of(generation: Generation) -> list[int]:
    async with generation:
        return [token async for delta in generation for token in delta.tokens]


async def until(condition: Callable[[], bool]) -> None:
    while not condition():  # what it waits for happens in another process
        await asyncio.sleep(0.01)


def some(count: int) -> SamplingParams:
    return SamplingParams(max_tokens=count)


def is_gone(pid: int) -> bool:
    """Neither alive nor a zombie."""
    return not Path(f"/proc/{pid}").exists()


def test_a_generation_yields_its_deltas_in_order_and_ends_after_the_finish() -> None:
    async def scenario() -> None:
        async with opened() as engine, engine.generate([7], some(3)) as generation:
            deltas = [delta async for delta in generation]
            assert [token for delta in deltas for token in delta.tokens] == [8, 9, 10]
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
            assert engine.figures()["engine_max_running"] > 1

    bounded(scenario)


def test_progress_is_reported_while_it_loads() -> None:
    async def scenario() -> None:
        heard: list[Progress] = []
        client = await EngineClient.open(EngineConfig(), on_progress=heard.append, command=FAKE_HOST)
        await client.close()
        assert [progress.phase for progress in heard] == ["load", "warm_up"]

    bounded(scenario)


def test_deltas_that_wait_for_a_slow_consumer_are_merged_into_one() -> None:
    async def scenario() -> None:
        async with opened() as engine, engine.generate([0], some(50)) as slow:
            await tokens_of(engine.generate([0], some(60)))  # by now the slow one has all of its own
            assert await anext(slow) == Delta(1, list(range(1, 51)), 50, "length")
            with pytest.raises(StopAsyncIteration):
                await anext(slow)

    bounded(scenario)


def test_a_cancel_in_answer_to_the_kth_token_lets_one_more_be_generated_at_most() -> None:
    async def scenario() -> None:
        async with opened() as engine:
            for k in (1, 2, 5, 20):
                before = engine.figures()["engine_generated_tokens_total"]
                steps = engine.figures()["engine_steps_total"]
                async with engine.generate([0], some(1000)) as generation:
                    async for delta in generation:
                        if delta.generated >= k:  # two steps' deltas may have come at once
                            time.sleep(0.02)  # noqa: ASYNC251  # a run's own work, before it decides
                            generation.cancel()
                # The host counts the tokens of cancelled requests, too. It steps on until the cache settles.
                await until(lambda at=steps + k + 3: engine.figures()["engine_steps_total"] >= at)  # type: ignore[misc]  # mypy infers no lambda default
                assert engine.figures()["engine_generated_tokens_total"] - before <= k + 1

    bounded(scenario)


def test_leaving_the_context_cancels_and_a_second_cancel_does_nothing() -> None:
    async def scenario() -> None:
        async with opened() as engine:
            async with engine.generate([0], some(10**9)) as generation:
                await anext(generation)
            generation.cancel()
            assert engine.figures()["engine_requests"] == 0
            await until(lambda: engine.figures()["engine_running"] == 0)
            with pytest.raises(StopAsyncIteration):
                await anext(generation)

    bounded(scenario)


def test_a_consumer_that_waits_is_let_go_when_another_task_cancels() -> None:
    async def scenario() -> None:
        async with opened() as engine:
            generation = engine.generate([SLOW_PREFILL, 1], some(5))
            consumer = asyncio.create_task(tokens_of(generation))
            await until(lambda: engine.figures()["engine_running"] == 1)
            generation.cancel()
            assert await consumer == []

    bounded(scenario)


def test_a_consumer_task_that_is_cancelled_leaves_nothing_in_the_engine() -> None:
    async def scenario() -> None:
        async with opened() as engine:
            consumer = asyncio.create_task(tokens_of(engine.generate([0], some(10**9))))
            await until(lambda: engine.figures()["engine_running"] == 1)
            consumer.cancel()
            with pytest.raises(asyncio.CancelledError):
                await consumer
            await until(lambda: engine.figures()["engine_running"] == 0)

    bounded(scenario)


def test_a_refused_request_raises_and_its_neighbour_completes() -> None:
    async def scenario() -> None:
        async with opened() as engine:
            neighbour = asyncio.create_task(tokens_of(engine.generate([0], some(30))))
            with pytest.raises(RequestRefused, match="told to refuse"):
                await tokens_of(engine.generate([REFUSE], some(5)))
            with pytest.raises(RequestRefused, match="told to give up"):
                await tokens_of(engine.generate([GIVE_UP, 3], some(5)))
            with pytest.raises(RequestRefused, match="64 bits"):
                engine.generate([2**70], some(5))
            assert await neighbour == list(range(1, 31))
            assert engine.figures()["engine_restarts_total"] == 0

    bounded(scenario)


def test_after_a_crash_live_generations_die_new_ones_are_put_off_and_then_it_serves_again() -> None:
    async def scenario() -> None:
        async with opened() as engine:
            first_pid = engine.pid
            neighbour = asyncio.create_task(tokens_of(engine.generate([0], some(10**9))))
            with pytest.raises(EngineDied, match="'fake' was killed by SIGKILL"):
                await tokens_of(engine.generate([CRASH, 0], some(5)))
            with pytest.raises(EngineDied):
                await neighbour
            with pytest.raises(EngineUnavailable, match="started again") as put_off:
                engine.generate([0], some(5))
            assert put_off.value.retry_after is not None
            assert 1 <= put_off.value.retry_after < 60
            assert engine.figures()["engine_up"] == 0
            await until(lambda: engine.figures()["engine_up"] == 1)
            assert await tokens_of(engine.generate([0], some(2))) == [1, 2]
            assert engine.pid != first_pid
            assert engine.figures()["engine_restarts_total"] == 1

    bounded(scenario)


def test_what_arrived_before_a_crash_is_still_handed_out() -> None:
    async def scenario() -> None:
        async with opened() as engine:
            generation = engine.generate([CRASH, 0], some(5))
            await until(lambda: engine.figures()["engine_up"] == 0)
            assert (await anext(generation)).tokens == [1]
            with pytest.raises(EngineDied):
                await anext(generation)

    bounded(scenario)


def test_a_killed_process_is_noticed_when_it_idles_too() -> None:
    async def scenario() -> None:
        async with opened() as engine:
            assert engine.pid is not None
            os.kill(engine.pid, signal.SIGKILL)
            await until(lambda: engine.figures()["engine_restarts_total"] == 1)
            assert await tokens_of(engine.generate([0], some(1))) == [1]

    bounded(scenario)


def test_a_poisoned_core_is_replaced_and_the_error_says_what_it_raised() -> None:
    async def scenario() -> None:
        async with opened() as engine:
            with pytest.raises(EngineDied, match="poisoned by a failed step: told to raise"):
                await tokens_of(engine.generate([RAISE, 0], some(5)))
            await until(lambda: engine.figures()["engine_up"] == 1)

    bounded(scenario)


def test_a_request_that_had_not_begun_when_the_core_was_poisoned_is_served_by_the_next() -> None:
    async def scenario() -> None:
        async with opened() as engine:
            begun = asyncio.create_task(tokens_of(engine.generate([0], some(10**9))))
            await until(lambda: engine.figures()["engine_running"] == 1)
            waiting = asyncio.create_task(tokens_of(engine.generate([SLOW_PREFILL, 100], some(3))))
            with pytest.raises(RequestRefused, match="its grammar cannot be used: no grammar"):
                await tokens_of(engine.generate([BAD_GRAMMAR, 0], some(5)))
            with pytest.raises(EngineDied, match="poisoned by a failed step: no grammar"):
                await begun
            assert engine.figures()["engine_requests"] == 1
            assert await waiting == [101, 102, 103]
            assert engine.figures()["engine_restarts_total"] == 1
            assert engine.figures()["engine_requests"] == 0

    bounded(scenario)


def test_what_poisoned_the_core_is_told_although_the_server_was_busy_and_writes_late() -> None:
    async def scenario() -> None:
        async with opened() as engine:
            late: list[asyncio.Task[list[int]]] = []

            async def busy() -> None:
                async for _ in engine.generate([0], some(10**9)):
                    if not late:
                        for prompt in ([SLOW_PREFILL, 100], [BAD_GRAMMAR, 0]):
                            late.append(asyncio.create_task(tokens_of(engine.generate(prompt, some(3)))))
                    time.sleep(0.3)  # noqa: ASYNC251  # its own work; then the step is acknowledged

            with pytest.raises(EngineDied, match="poisoned by a failed step: no grammar"):
                await busy()
            waiting, guilty = late
            with pytest.raises(RequestRefused, match="its grammar cannot be used"):
                await guilty
            assert await waiting == [101, 102, 103]

    bounded(scenario)


def test_a_second_poisoned_core_ends_what_had_not_begun_in_either() -> None:
    async def scenario() -> None:
        async with opened(backoff=Backoff(first=0.01)) as engine:
            beside = asyncio.create_task(tokens_of(engine.generate([SLOW_PREFILL, 0], some(5))))
            with pytest.raises(EngineDied, match="told to raise at once"):
                await tokens_of(engine.generate([RAISE_AT_ONCE, 0], some(5)))
            with pytest.raises(EngineDied):
                await beside
            await until(lambda: engine.figures()["engine_restarts_total"] == 2)
            assert await tokens_of(engine.generate([0], some(2))) == [1, 2]

    bounded(scenario)


def test_a_request_that_is_to_be_tried_again_can_be_cancelled_meanwhile_and_after() -> None:
    async def scenario() -> None:
        for wait_for_the_next in (False, True):
            async with opened() as engine:
                waiting = engine.generate([SLOW_PREFILL, 0], some(10**9))
                with pytest.raises(RequestRefused):
                    await tokens_of(engine.generate([BAD_GRAMMAR, 0], some(5)))
                await until(lambda: engine.figures()["engine_up"] == 0)
                if wait_for_the_next:
                    await until(lambda: engine.figures()["engine_running"] == 1)
                waiting.cancel()
                with pytest.raises(StopAsyncIteration):
                    await anext(waiting)
                await until(lambda: engine.figures()["engine_restarts_total"] == 1)
                assert engine.figures()["engine_requests"] == 0
                await until(lambda: engine.figures()["engine_running"] == 0)
                assert await tokens_of(engine.generate([0], some(2))) == [1, 2]

    bounded(scenario)


def test_when_the_next_engine_does_not_load_those_that_wait_for_it_are_told(tmp_path: Path) -> None:
    async def scenario() -> None:
        needed = tmp_path / "needed"
        needed.touch()
        async with opened(backoff=Backoff(first=0.01, cap=0.02), needs_file=str(needed)) as engine:
            needed.unlink()
            waiting = asyncio.create_task(tokens_of(engine.generate([SLOW_PREFILL, 0], some(5))))
            with pytest.raises(RequestRefused):
                await tokens_of(engine.generate([BAD_GRAMMAR, 0], some(5)))
            with pytest.raises(EngineDied, match="the file is missing"):
                await waiting

    bounded(scenario)


def test_closing_ends_those_that_wait_for_the_next_engine() -> None:
    async def scenario() -> None:
        async with opened(backoff=Backoff(first=60, cap=60)) as engine:
            waiting = asyncio.create_task(tokens_of(engine.generate([SLOW_PREFILL, 0], some(5))))
            with pytest.raises(RequestRefused):
                await tokens_of(engine.generate([BAD_GRAMMAR, 0], some(5)))
            await until(lambda: engine.figures()["engine_up"] == 0)
            await engine.close()
            with pytest.raises(EngineDied, match="was closed"):
                await waiting

    bounded(scenario)


def test_a_process_that_talks_nonsense_is_replaced() -> None:
    async def scenario() -> None:
        async with opened() as engine:
            with pytest.raises(EngineDied, match="no message"):
                await tokens_of(engine.generate([NONSENSE, 0], some(10**9)))
            await until(lambda: engine.figures()["engine_up"] == 1)

    bounded(scenario)


def test_silence_in_a_step_or_in_a_prefill_is_a_death_after_its_own_limit() -> None:
    async def scenario() -> None:
        async with opened(EngineTimeouts(prefill=20, step=0.3)) as engine:
            with pytest.raises(EngineDied, match=r"no sign of life for 0.3 s \(step\)"):
                await tokens_of(engine.generate([HANG, 0], some(5)))
        async with opened(EngineTimeouts(prefill=0.3, step=20)) as engine:
            with pytest.raises(EngineDied, match=r"no sign of life for 0.3 s \(prefill\)"):
                await tokens_of(engine.generate([HANG_AT_ONCE, 0], some(5)))
            await until(lambda: engine.figures()["engine_up"] == 1)

    bounded(scenario)


def test_what_the_process_has_started_does_not_hide_its_end() -> None:
    async def scenario() -> None:
        async with asyncio.timeout(10), opened(child="careless") as engine:
            first = engine.pid
            assert first is not None
            try:
                os.kill(first, signal.SIGKILL)
                await until(lambda: engine.figures()["engine_restarts_total"] == 1)
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
            assert engine.figures()["engine_up"] == 0

    bounded(scenario)


def test_a_process_that_no_signal_ends_keeps_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        async with asyncio.timeout(10), opened(EngineTimeouts(step=0.3, close=0.1)) as engine:
            first = engine.pid
            assert first is not None
            with monkeypatch.context() as patched:
                # One that waits in the kernel for ever cannot be had in a test.
                patched.setattr("ovpipe.engines.process.os.killpg", lambda pid, signal: None)
                patched.setattr("ovpipe.engines.process._KILL_SECONDS", 0.2)
                with pytest.raises(EngineDied, match="no sign of life"):
                    await tokens_of(engine.generate([HANG, 0], some(5)))
                await until(lambda: engine.figures()["engine_restarts_total"] == 1)
            assert await tokens_of(engine.generate([0], some(2))) == [1, 2]
            os.killpg(first, signal.SIGKILL)
            await until(lambda: is_gone(first))

    bounded(scenario)


def test_a_hung_process_is_found_out_even_if_every_request_in_it_is_cancelled() -> None:
    async def scenario() -> None:
        async with opened(EngineTimeouts(prefill=0.5, step=0.5)) as engine:
            async with engine.generate([HANG, 0], some(5)) as hung:
                await anext(hung)
                await asyncio.sleep(0.1)  # well into the step that hangs
            while engine.figures()["engine_up"]:
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
            assert engine.figures()["engine_up"] == 1
            assert engine.figures()["engine_restarts_total"] == 0

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
            assert engine.figures()["engine_up"] == 1

    bounded(scenario)


def test_a_failed_first_load_raises_what_the_host_said_and_leaves_no_process() -> None:
    async def scenario() -> None:
        with pytest.raises(EngineLoadError, match=r"'fake' could not be loaded: no such model$"):
            async with opened(load="no such model"):
                pass

    bounded(scenario)
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_a_crash_in_the_first_load_raises_with_the_last_words() -> None:
    async def scenario() -> None:
        with pytest.raises(EngineLoadError, match=r"killed by SIGSEGV(.|\n)*Segmentation something"):
            async with opened(load="crash"):
                pass

    bounded(scenario)


def test_a_load_or_warm_up_that_hangs_is_given_up() -> None:
    async def scenario() -> None:
        with pytest.raises(EngineLoadError, match=r"1 s \(load\)"):
            async with opened(EngineTimeouts(load=1), load="hang", phases=["load"]):
                pass
        with pytest.raises(EngineLoadError, match=r"0.3 s \(warm-up\)"):
            async with opened(EngineTimeouts(warm_up=0.3), load="hang"):
                pass

    bounded(scenario)


def test_a_program_that_does_not_exist_is_a_load_error() -> None:
    async def scenario() -> None:
        with pytest.raises(EngineLoadError, match="could not be started"):
            await EngineClient.open(EngineConfig(), command=["/no/such/program"])

    bounded(scenario)


def test_a_config_that_fits_in_no_message_is_a_load_error_and_leaves_no_process() -> None:
    async def scenario() -> None:
        with pytest.raises(EngineLoadError, match="could not be loaded"):
            async with opened(number=2**70):
                pass
        with pytest.raises(EngineLoadError, match="could not be started"):
            await EngineClient.open(EngineConfig(), command=["no\0name"])

    bounded(scenario)
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_a_fault_of_the_servers_own_ends_a_life_and_no_more() -> None:
    def fail(stats: EngineStats) -> None:
        raise ZeroDivisionError("a fault")

    async def scenario() -> None:
        link = await EngineLink.start(
            EngineConfig(),
            command=FAKE_HOST,
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


def test_an_open_that_is_cancelled_leaves_no_process() -> None:
    async def scenario() -> None:
        loading = asyncio.Event()
        opening = asyncio.create_task(
            EngineClient.open(
                EngineConfig(options={"load": "hang"}),
                command=FAKE_HOST,
                on_progress=lambda progress: loading.set(),
            )
        )
        await loading.wait()
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening

    bounded(scenario)
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_a_restart_that_fails_is_tried_again_until_it_succeeds(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario() -> None:
        needed = tmp_path / "needed"
        needed.touch()
        async with opened(backoff=Backoff(first=0.01, cap=0.02), needs_file=str(needed)) as engine:
            needed.unlink()
            with pytest.raises(EngineDied):
                await tokens_of(engine.generate([CRASH, 0], some(5)))
            await until(lambda: caplog.text.count("the file is missing; it is started again") >= 2)
            with pytest.raises(EngineUnavailable):
                engine.generate([0], some(5))
            needed.touch()
            await until(lambda: engine.figures()["engine_up"] == 1)
            assert await tokens_of(engine.generate([0], some(1))) == [1]

    bounded(scenario)


def test_the_wait_between_failures_doubles_up_to_the_cap_and_a_healthy_life_resets_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    waits = Backoff(first=0.2, cap=30)
    assert [waits.delay(n) for n in (1, 2, 3, 8, 9, 10_000)] == [0.2, 0.4, 0.8, 25.6, 30, 30]

    async def scenario() -> None:
        for healthy_after in (0.0, 60.0):
            async with opened(backoff=Backoff(first=0.1, healthy_after=healthy_after)) as engine:
                for lives in (1, 2, 3):
                    with pytest.raises(EngineDied):
                        await tokens_of(engine.generate([CRASH, 0], some(5)))
                    await until(lambda n=lives: engine.figures()["engine_restarts_total"] == n)  # type: ignore[misc]  # mypy infers no lambda default

    bounded(scenario)
    said = [record.message for record in caplog.records if "started again" in record.message]
    assert [message.split()[-2] for message in said] == ["0.1", "0.1", "0.1", "0.1", "0.2", "0.4"]


def test_closing_fails_what_runs_refuses_what_comes_and_ends_the_process() -> None:
    async def scenario() -> None:
        async with opened() as engine:
            pid = engine.pid
            assert pid is not None
            running = asyncio.create_task(tokens_of(engine.generate([0], some(10**9))))
            await until(lambda: engine.figures()["engine_running"] == 1)
            await asyncio.gather(engine.close(), engine.close())
            with pytest.raises(EngineDied, match="closed"):
                await running
            with pytest.raises(EngineUnavailable, match="closed") as refusal:
                engine.generate([0], some(1))
            assert refusal.value.retry_after is None
            assert is_gone(pid)
            assert engine.pid is None

    bounded(scenario)


def test_closing_kills_a_process_that_hangs() -> None:
    async def scenario() -> None:
        async with opened(EngineTimeouts(close=0.3)) as engine:
            pid = engine.pid
            assert pid is not None
            hung = engine.generate([HANG, 0], some(5))
            await anext(hung)
            await engine.close()
            assert is_gone(pid)

    bounded(scenario)


def test_closing_twice_leaves_the_process_the_time_that_it_has() -> None:
    async def scenario() -> None:
        async with opened(EngineTimeouts(close=0.6)) as engine:
            await anext(engine.generate([HANG, 0], some(5)))
            await asyncio.sleep(0.2)  # well into the step that hangs
            started = asyncio.get_running_loop().time()
            first = asyncio.create_task(engine.close())
            await asyncio.sleep(0.1)
            await engine.close()
            assert asyncio.get_running_loop().time() - started >= 0.6
            await first

    bounded(scenario)


def test_closing_at_once_after_opening_ends_the_process() -> None:
    async def scenario() -> None:
        engine = await EngineClient.open(EngineConfig(), command=FAKE_HOST)
        pid = engine.pid
        assert pid is not None
        await engine.close()
        assert is_gone(pid)

    bounded(scenario)


def test_closing_while_it_is_started_again_ends_the_attempts() -> None:
    async def scenario() -> None:
        for first in (0.01, 60.0):  # while it loads, while it waits
            async with opened(backoff=Backoff(first=first, cap=first)) as engine:
                with pytest.raises(EngineDied):
                    await tokens_of(engine.generate([CRASH, 0], some(5)))
                await asyncio.sleep(0.1)

    bounded(scenario)
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_totals_do_not_fall_when_the_process_is_replaced() -> None:
    async def scenario() -> None:
        async with opened() as engine:
            await tokens_of(engine.generate([1, 2, 3], some(10)))
            with pytest.raises(EngineDied):
                await tokens_of(engine.generate([CRASH, 0], some(5)))
            await until(lambda: engine.figures()["engine_up"] == 1)
            await tokens_of(engine.generate([1, 2, 3, 4], some(10)))
            figures = engine.figures()
            assert figures["engine_generated_tokens_total"] == 10 + 1 + 10
            assert figures["engine_prompt_tokens_total"] == 3 + 2 + 4
            assert figures["engine_steps_total"] >= 21
            assert figures["engine_num_kv_blocks"] == 100
            assert figures["engine_block_size"] == 32

    bounded(scenario)


def test_ctrl_c_reaches_the_server_alone() -> None:
    async def scenario() -> None:
        async with opened() as engine:
            assert engine.pid is not None
            assert os.getpgid(engine.pid) == engine.pid != os.getpgrp()
            os.killpg(engine.pid, signal.SIGINT)
            assert await tokens_of(engine.generate([0], some(1))) == [1]

    bounded(scenario)


def test_what_the_process_prints_goes_to_the_log(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        with caplog.at_level(logging.INFO, "ovpipe.engine"):
            async with opened(says="native code was here" + "e" * 10_000):
                pass

    bounded(scenario)
    assert "fake: native code was here" in caplog.text


def test_the_process_ends_with_its_server_even_when_it_hangs() -> None:
    server = subprocess.Popen(
        [
            sys.executable,
            "-c",
            textwrap.dedent("""
                import asyncio, sys
                from ovpipe.engines.client import EngineClient
                from ovpipe.engines.protocol import EngineConfig, SamplingParams

                async def scenario():
                    engine = await EngineClient.open(EngineConfig(), command=sys.argv[1:])
                    generation = engine.generate([-2, 0], SamplingParams(max_tokens=5))
                    await anext(generation)
                    await asyncio.sleep(0.2)  # well into the step that hangs
                    sys.stdout.write(f"{engine.pid}\\n")
                    sys.stdout.flush()
                    await anext(generation)

                asyncio.run(scenario())
            """),
            *FAKE_HOST,
        ],
        stdout=subprocess.PIPE,
    )
    with server:
        assert server.stdout is not None
        engine = os.pidfd_open(int(server.stdout.readline()))
        try:
            server.kill()
            assert select.select([engine], [], [], 20)[0], "the engine outlived its server"
        finally:
            os.close(engine)


def test_every_error_of_an_engine_is_an_engine_error() -> None:
    assert all(
        issubclass(kind, EngineError)
        for kind in (EngineDied, EngineLoadError, EngineUnavailable, RequestRefused)
    )
