"""An engine that dies or is poisoned is started again; what becomes of its requests and of its figures."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from ovpipe.engines.process.backoff import Backoff
from ovpipe.engines.process.link import EngineLink
from ovpipe.engines.protocol import EngineDied, EngineUnavailable, RequestRefused
from tests.engines.clients import (
    BAD_GRAMMAR,
    CRASH,
    RAISE,
    RAISE_AT_ONCE,
    SLOW_PREFILL,
    bounded,
    opened,
    restarts,
    some,
    tokens_of,
    until,
)
from tests.processes.children import children
from tests.tokens import tokens


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
            assert engine.metrics()["engine_up"] == 0
            await until(lambda: engine.metrics()["engine_up"] == 1)
            assert await tokens_of(engine.generate([0], some(2))) == [1, 2]
            assert engine.pid != first_pid
            assert restarts(engine) == 1

    bounded(scenario)


def test_what_the_first_load_settled_is_given_to_the_next_and_not_settled_again() -> None:
    async def scenario() -> None:
        async with opened(settles={"precision": "f32"}, precision="auto") as engine:
            assert engine.info.generation_config["precision"] == "auto"
            with pytest.raises(EngineDied):
                await tokens_of(engine.generate([CRASH, 0], some(5)))
            await until(lambda: engine.metrics()["engine_up"] == 1)
            assert engine.info.generation_config["precision"] == "f32"

    bounded(scenario)


def test_what_arrived_before_a_crash_is_still_handed_out() -> None:
    async def scenario() -> None:
        async with opened() as engine:
            generation = engine.generate([CRASH, 0], some(5))
            await until(lambda: engine.metrics()["engine_up"] == 0)
            assert (await anext(generation)).tokens == tokens(1)
            with pytest.raises(EngineDied):
                await anext(generation)

    bounded(scenario)


def test_a_poisoned_core_is_replaced_and_the_error_says_what_it_raised() -> None:
    async def scenario() -> None:
        async with opened() as engine:
            with pytest.raises(EngineDied, match="poisoned by a failed step: told to raise"):
                await tokens_of(engine.generate([RAISE, 0], some(5)))
            await until(lambda: engine.metrics()["engine_up"] == 1)

    bounded(scenario)


def test_a_request_that_had_not_begun_when_the_core_was_poisoned_is_served_by_the_next() -> None:
    async def scenario() -> None:
        async with opened() as engine:
            begun = asyncio.create_task(tokens_of(engine.generate([0], some(10**9))))
            await until(lambda: engine.metrics()["engine_running"] == 1)
            waiting = asyncio.create_task(tokens_of(engine.generate([SLOW_PREFILL, 100], some(3))))
            with pytest.raises(RequestRefused, match="its grammar cannot be used: no grammar"):
                await tokens_of(engine.generate([BAD_GRAMMAR, 0], some(5)))
            with pytest.raises(EngineDied, match="poisoned by a failed step: no grammar"):
                await begun
            assert engine.metrics()["engine_requests"] == 1
            assert await waiting == [101, 102, 103]
            assert restarts(engine) == 1
            assert engine.metrics()["engine_requests"] == 0

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


def test_a_request_that_poisons_the_core_alone_is_not_tried_again() -> None:
    async def scenario() -> None:
        async with opened(backoff=Backoff(first=0.01)) as engine:
            with pytest.raises(RequestRefused, match="the engine failed over it: told to raise at once"):
                await tokens_of(engine.generate([RAISE_AT_ONCE, 0], some(5)))
            await until(lambda: restarts(engine) == 1)
            assert await tokens_of(engine.generate([0], some(2))) == [1, 2]

    bounded(scenario)


@pytest.mark.parametrize(
    ("bad", "fault"),
    [
        (RAISE_AT_ONCE, "the engine failed over it: told to raise at once"),
        (BAD_GRAMMAR, "its grammar cannot be used: no grammar"),
    ],
)
def test_of_several_that_may_have_poisoned_the_core_the_guilty_alone_is_refused(bad: int, fault: str) -> None:
    async def scenario() -> None:
        async with opened(backoff=Backoff(first=0.01)) as engine:
            before = asyncio.create_task(tokens_of(engine.generate([SLOW_PREFILL, 0], some(5))))
            guilty = [engine.generate([bad, 0], some(5)) for _ in range(2)]
            behind = asyncio.create_task(tokens_of(engine.generate([SLOW_PREFILL, 100], some(5))))
            for one in guilty:
                with pytest.raises(RequestRefused, match=fault):
                    await tokens_of(one)
            assert await before == [1, 2, 3, 4, 5]
            assert await behind == [101, 102, 103, 104, 105]
            assert await tokens_of(engine.generate([0], some(2))) == [1, 2]
            assert engine.metrics()["engine_requests"] == 0

    bounded(scenario)


def test_a_suspect_that_leaves_while_it_is_tried_alone_makes_way_for_the_next() -> None:
    async def scenario() -> None:
        async with opened(backoff=Backoff(first=0.01)) as engine:
            first = asyncio.create_task(tokens_of(engine.generate([SLOW_PREFILL, 0], some(2))))
            second = engine.generate([SLOW_PREFILL, 0], some(2))
            with pytest.raises(RequestRefused):
                await tokens_of(engine.generate([RAISE_AT_ONCE, 0], some(5)))
            await until(lambda: restarts(engine) == 2)
            second.cancel()
            assert await first == [1, 2]

    bounded(scenario)


def test_a_request_that_is_to_be_tried_again_can_be_cancelled_meanwhile_and_after() -> None:
    async def scenario() -> None:
        for wait_for_the_next in (False, True):
            async with opened() as engine:
                waiting = engine.generate([SLOW_PREFILL, 0], some(10**9))
                with pytest.raises(RequestRefused):
                    await tokens_of(engine.generate([BAD_GRAMMAR, 0], some(5)))
                await until(lambda: engine.metrics()["engine_up"] == 0)
                if wait_for_the_next:
                    await until(lambda: engine.metrics()["engine_running"] == 1)
                waiting.cancel()
                with pytest.raises(StopAsyncIteration):
                    await anext(waiting)
                await until(lambda: restarts(engine) == 1)
                assert engine.metrics()["engine_requests"] == 0
                await until(lambda: engine.metrics()["engine_running"] == 0)
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
            await until(lambda: engine.metrics()["engine_up"] == 0)
            await engine.close()
            with pytest.raises(EngineDied, match="was closed"):
                await waiting

    bounded(scenario)


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
            await until(lambda: engine.metrics()["engine_up"] == 1)
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
                    await until(lambda n=lives: restarts(engine) == n)  # type: ignore[misc]  # mypy infers no lambda default

    bounded(scenario)
    said = [record.message for record in caplog.records if "started again" in record.message]
    assert [message.split()[-2] for message in said] == ["0.1", "0.1", "0.1", "0.1", "0.2", "0.4"]


def test_closing_while_it_is_started_again_ends_the_attempts() -> None:
    before = children()

    async def scenario() -> None:
        for first in (0.01, 60.0):  # while it loads, while it waits
            async with opened(backoff=Backoff(first=first, cap=first)) as engine:
                with pytest.raises(EngineDied):
                    await tokens_of(engine.generate([CRASH, 0], some(5)))
                await asyncio.sleep(0.1)

    bounded(scenario)
    assert children() == before


def test_a_fault_in_the_keeper_is_logged_and_another_start_is_tried(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    start, faults = EngineLink.start, [ZeroDivisionError("a fault"), asyncio.CancelledError("a stray one")]

    async def faulty(*args: Any, **options: Any) -> EngineLink:
        if faults:
            raise faults.pop()
        return await start(*args, **options)

    async def scenario() -> None:
        async with opened(backoff=Backoff(first=0.01)) as engine:
            monkeypatch.setattr(EngineLink, "start", faulty)
            with pytest.raises(EngineDied):
                await tokens_of(engine.generate([CRASH, 0], some(5)))
            await until(lambda: engine.metrics()["engine_up"] == 1)
            assert await tokens_of(engine.generate([0], some(2))) == [1, 2]

    bounded(scenario)
    assert caplog.text.count("its keeper failed\nTraceback") == 2
    assert "was given up: ZeroDivisionError('a fault'); it is started again in" in caplog.text


def test_a_fault_while_it_closes_does_not_start_it_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async def faulty(link: EngineLink, timeout: float) -> str:
        await close(link, timeout)
        raise ZeroDivisionError("a fault")

    close = EngineLink.close

    async def scenario() -> None:
        async with opened() as engine:
            assert await tokens_of(engine.generate([0], some(2))) == [1, 2]
            monkeypatch.setattr(EngineLink, "close", faulty)
            with pytest.raises(ZeroDivisionError):
                await engine.close()
            monkeypatch.undo()
            assert engine.metrics()["engine_up"] == 0
            with pytest.raises(EngineUnavailable, match="is closed"):
                engine.generate([0], some(2))

    with pytest.raises(ZeroDivisionError):  # the same end again
        bounded(scenario)


def test_totals_do_not_fall_when_the_process_is_replaced() -> None:
    async def scenario() -> None:
        async with opened() as engine:
            await tokens_of(engine.generate([1, 2, 3], some(10)))
            with pytest.raises(EngineDied):
                await tokens_of(engine.generate([CRASH, 0], some(5)))
            await until(lambda: engine.metrics()["engine_up"] == 1)
            await tokens_of(engine.generate([1, 2, 3, 4], some(10)))
            figures = engine.metrics()
            assert figures["engine_generated_tokens_total"] == 10 + 1 + 10
            assert figures["engine_prompt_tokens_total"] == 3 + 2 + 4
            assert figures["engine_steps_total"] >= 21
            assert figures["engine_num_kv_blocks"] == 100
            assert figures["engine_block_size"] == 32

    bounded(scenario)
