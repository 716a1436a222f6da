"""WorkersCalculator: threads of one graph for the work of long requests, with a limit on waiting."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final, TypeVar

from ovpipe.calculator import Calculator, Context
from ovpipe.errors import RequestError
from ovpipe.ports import SideOutput
from ovpipe.registry import register

T = TypeVar("T")

RETRY_SECONDS: Final = 5
"""After which a refused client may come back: about as long as a very long prompt takes."""


class Workers:
    """A pool of `threads`, and room for `most_waiting` jobs that wait for one.

    A job that is given up, because its client has left or its time is over, leaves its place if it has not
    begun. One that has begun cannot be ended from outside: it keeps its thread until it ends by itself.
    """

    def __init__(self, *, threads: int = 2, most_waiting: int = 32, name: str = "workers") -> None:
        self.threads = threads
        self.most_waiting = most_waiting
        self._pool = ThreadPoolExecutor(threads, name)
        self._jobs: set[Future[Any]] = set()

    @property
    def jobs(self) -> int:
        """Those that run or wait."""
        return len(self._jobs)

    async def run(self, job: Callable[[], T]) -> T:
        """What the job returns or raises; RequestError 503 at once when too many wait already."""
        if len(self._jobs) >= self.threads + self.most_waiting:
            raise RequestError(
                503,
                f"The model has {self.most_waiting} long requests waiting to be prepared; try again later.",
                code="too_many_long_requests",
                retry_after=RETRY_SECONDS,
            )
        loop = asyncio.get_running_loop()
        begun: Future[T] = self._pool.submit(job)
        self._jobs.add(begun)
        begun.add_done_callback(lambda ended: _on_loop(loop, self._jobs.discard, ended))
        return await asyncio.wrap_future(begun)

    def close(self) -> None:
        """Drops what waits. What runs ends by itself."""
        self._pool.shutdown(wait=False, cancel_futures=True)


async def run_long(workers: Workers | None, job: Callable[[], T]) -> T:
    """What a job returns or raises, by the workers of its graph.

    A graph without any has asyncio's threads, which all graphs share and which let any number wait.
    """
    return await (asyncio.to_thread(job) if workers is None else workers.run(job))


@register
class WorkersCalculator(Calculator):
    """Makes the threads in which one graph reads, renders and tokenises what is long.

    No streams. Side output `workers`. A graph has its own, so that the long requests of one model never wait
    for those of another. At most `threads` run at once, and at most `most_waiting` wait; beyond, requests are
    refused with 503. Short requests need no thread.

        workers:
          calculator: WorkersCalculator
          side_outputs: {workers: workers}
          options: {threads: 2, most_waiting: 32}
    """

    workers = SideOutput[Workers]()

    def __init__(self, *, threads: int = 2, most_waiting: int = 32) -> None:
        if threads < 1:
            raise ValueError(f"threads is {threads}; at least 1 is needed")
        if most_waiting < 0:
            raise ValueError(f"most_waiting is {most_waiting}; it is 0 or more")
        self._threads = threads
        self._most_waiting = most_waiting
        self._workers: Workers | None = None

    def open(self, cx: Context) -> None:
        """Sets the side packet. Threads start with the first job."""
        self._workers = Workers(threads=self._threads, most_waiting=self._most_waiting)
        cx.set_side(self.workers, self._workers)

    def close(self, cx: Context) -> None:
        """Drops the jobs that wait."""
        if self._workers is not None:
            self._workers.close()


def _on_loop(
    loop: asyncio.AbstractEventLoop, call: Callable[[Future[Any]], None], ended: Future[Any]
) -> None:
    """Calls on the loop, unless it is closed: then nobody counts any more."""
    try:
        loop.call_soon_threadsafe(call, ended)
    except RuntimeError:
        if not loop.is_closed():
            raise
