"""Work on a loop of another thread, begun, brought back, broken off."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from ovpipe.cli.chatting.background import MOST_WAITING, BackgroundLoop


class Counting:
    """Counts up for ever, and notes its end."""

    def __init__(self, pause_at: int = -1) -> None:
        self.ended_in: str | None = None
        self._pause_at = pause_at

    async def numbers(self) -> AsyncGenerator[int]:
        """0, 1, 2, ..."""
        number = 0
        try:
            while True:
                if number == self._pause_at:
                    await asyncio.Event().wait()
                yield number
                number += 1
                await asyncio.sleep(0)
        finally:
            await asyncio.sleep(0)  # an end takes some turns of the loop, too
            self.ended_in = threading.current_thread().name


def test_a_job_that_nobody_listens_to_waits_and_goes_on_when_somebody_does() -> None:
    made: list[int] = []

    async def many() -> AsyncGenerator[int]:
        for number in range(4 * MOST_WAITING):
            made.append(number)
            yield number

    async def look() -> None:
        """A turn of the loop after the job's first."""

    with BackgroundLoop() as loop, loop.job(many()) as job:
        loop.run(look)
        assert len(made) == MOST_WAITING + 1
        assert list(job) == list(range(4 * MOST_WAITING))


def test_what_a_job_brings_comes_in_order_from_another_thread() -> None:
    async def three() -> AsyncGenerator[str]:
        for _ in range(3):
            yield threading.current_thread().name

    with BackgroundLoop() as loop, loop.job(three()) as job:
        assert list(job) == ["loop", "loop", "loop"]
        assert not job.cancelled


def test_a_job_that_is_cancelled_ends_quietly_and_says_so() -> None:
    counting = Counting(pause_at=2)
    with BackgroundLoop() as loop, loop.job(counting.numbers()) as job:
        got = []
        for number in job:
            got.append(number)
            if number == 1:
                job.cancel()
        assert got == [0, 1]
        assert job.cancelled
        assert counting.ended_in == "loop"


def test_a_job_that_is_cancelled_before_its_first_step_ends_too() -> None:
    counting = Counting()
    held = threading.Event()
    with BackgroundLoop() as loop:

        async def hold() -> None:
            held.wait()

        with loop.job(after(hold())), loop.job(counting.numbers()) as job:
            job.cancel()
            held.set()
            assert list(job) == []
            assert job.cancelled


def test_leaving_the_block_ends_the_job_before_it_goes_on() -> None:
    counting = Counting()
    with BackgroundLoop() as loop:
        with pytest.raises(BrokenPipeError), loop.job(counting.numbers()) as job:
            for _ in job:
                raise BrokenPipeError
        assert counting.ended_in == "loop"


def test_an_error_comes_after_what_was_brought_before_it() -> None:
    async def broken() -> AsyncGenerator[int]:
        yield 1
        raise OSError("no more")

    got = []
    with BackgroundLoop() as loop, loop.job(broken()) as job, pytest.raises(OSError, match="no more"):
        for number in job:
            got.append(number)
    assert got == [1]


def test_the_loop_lives_between_jobs() -> None:
    seen = threading.Event()
    with BackgroundLoop() as loop:

        async def later() -> None:
            asyncio.get_running_loop().call_later(0.01, seen.set)

        loop.run(later)
        assert seen.wait(10)


def test_a_run_that_was_stopped_is_an_interrupt() -> None:
    with BackgroundLoop() as loop, pytest.raises(KeyboardInterrupt):
        loop.run(asyncio.Event().wait, stopped_at_once)


async def after(coroutine: Coroutine[Any, Any, None]) -> AsyncGenerator[str]:
    """Something to bring once a coroutine is over."""
    await coroutine
    yield "over"


@contextmanager
def stopped_at_once(stop: Callable[[], None]) -> Iterator[None]:
    """An interrupt that has come already."""
    stop()
    yield
