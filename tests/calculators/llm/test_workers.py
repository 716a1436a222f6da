"""The threads of a graph for long requests: how many run, how many wait, what is refused."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest

from ovpipe.calculators.llm.workers import Workers, WorkersCalculator, run_long
from ovpipe.errors import RequestError
from ovpipe.graph.load import load_graph
from ovpipe.registry import Registry
from ovpipe.runtime import Graph


class Jobs:
    """Jobs that end when the test says so; `most` is how many ran at once."""

    def __init__(self) -> None:
        self.may_end = threading.Event()
        self.most = 0
        self._running = 0
        self._lock = threading.Lock()

    def __call__(self) -> str:
        with self._lock:
            self._running += 1
            self.most = max(self.most, self._running)
        self.may_end.wait(30)
        with self._lock:
            self._running -= 1
        return threading.current_thread().name


async def turns(count: int = 20) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


def test_no_more_run_than_there_are_threads_and_no_more_wait_than_there_is_room() -> None:
    async def ask() -> tuple[int, set[str]]:
        jobs, workers = Jobs(), Workers(threads=2, most_waiting=3, name="w")
        try:
            asked = [asyncio.ensure_future(workers.run(jobs)) for _ in range(5)]
            await turns()
            with pytest.raises(RequestError) as refused:
                await workers.run(jobs)
            assert (refused.value.status, refused.value.code) == (503, "too_many_long_requests")
            assert refused.value.retry_after
            jobs.may_end.set()
            names = set(await asyncio.gather(*asked))
            assert await workers.run(lambda: "there is room again") == "there is room again"
        finally:
            jobs.may_end.set()
            workers.close()
        return jobs.most, names

    most, names = asyncio.run(ask())
    assert most <= 2
    assert all(name.startswith("w_") for name in names)


def test_who_leaves_before_the_job_has_begun_leaves_a_place() -> None:
    async def ask() -> None:
        jobs, workers = Jobs(), Workers(threads=1, most_waiting=1)
        try:
            first = asyncio.ensure_future(workers.run(jobs))
            second = asyncio.ensure_future(workers.run(jobs))
            await turns()
            second.cancel()
            await turns()
            assert workers.jobs == 1
            first.cancel()  # it has begun, and keeps its thread
            await turns()
            assert workers.jobs == 1
        finally:
            jobs.may_end.set()
            workers.close()

    asyncio.run(ask())


def test_what_a_job_raises_is_raised() -> None:
    async def ask() -> None:
        workers = Workers()
        with pytest.raises(ZeroDivisionError):
            await workers.run(lambda: 1 // 0)
        assert await run_long(None, lambda: "without workers") == "without workers"
        workers.close()

    asyncio.run(ask())


def test_slow_requests_of_one_model_leave_the_other_models_workers_free(tmp_path: Path) -> None:
    file = tmp_path / "graph.yaml"
    file.write_text(
        """
version: 1
side_outputs: [workers]
nodes:
  workers:
    calculator: WorkersCalculator
    side_outputs: {workers: workers}
    options: {threads: 1, most_waiting: 0}
"""
    )
    plan = load_graph(file, registry=Registry.installed())

    async def ask() -> str:
        jobs = Jobs()
        async with Graph(plan) as one, Graph(plan) as other:
            mine: Workers = one.side_packets["workers"]
            theirs: Workers = other.side_packets["workers"]
            assert mine is not theirs
            asked = asyncio.ensure_future(mine.run(jobs))
            await turns()
            with pytest.raises(RequestError):
                await mine.run(jobs)
            answer = await theirs.run(lambda: "at once")
            jobs.may_end.set()
            await asked
            return answer

    assert asyncio.run(ask()) == "at once"


@pytest.mark.parametrize(
    ("options", "why"), [({"threads": 0}, "threads is 0"), ({"most_waiting": -1}, "most_waiting is -1")]
)
def test_options_that_make_no_sense_are_refused(options: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        WorkersCalculator(**options)
