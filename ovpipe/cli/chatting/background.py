"""An event loop on a thread of its own, which goes on while the main thread waits for the terminal."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, aclosing, nullcontext
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Generic, Self, TypeVar

T = TypeVar("T")

LOOK_SECONDS = 0.5
"""How long a signal handler may have to wait."""
MOST_WAITING = 256
"""How many items may wait for the other thread; a stopped terminal may block that thread for hours."""
END_SECONDS = 10.0
"""How long the rest on the loop may take to end. The thread does not keep the process alive."""


class BackgroundLoop:
    """The loop runs from entering the block until leaving it.

    The thread lives as long as the loop, because on Linux an engine's process ends with the thread that
    started it.
    """

    def __init__(self) -> None:
        self._started: SimpleQueue[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = SimpleQueue()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._live()), name="loop", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._loop, self._over = self._started.get()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(END_SECONDS)

    def job(self, source: AsyncGenerator[T]) -> Job[T]:
        """Iterates a source on the loop."""
        return Job(self._loop, source)

    def run(
        self,
        work: Callable[[], Awaitable[object]],
        stopping: Callable[[Callable[[], None]], AbstractContextManager[object]] = nullcontext,
    ) -> None:
        """Waits for work on the loop. Raises what the work raises, and KeyboardInterrupt when it was stopped.

        `stopping` gets a function that stops the work; the context that it returns spans the wait.
        """
        with self.job(_result_of(work)) as job, stopping(job.cancel):
            for _ in job:
                pass
        if job.cancelled:
            raise KeyboardInterrupt

    async def _live(self) -> None:
        over = asyncio.Event()
        self._started.put((asyncio.get_running_loop(), over))
        await over.wait()


class Job(Generic[T]):
    """The items of an asynchronous generator on a loop's thread, for a reader on another thread.

    The job begins at once. Leaving the block cancels the rest of it and waits for its end.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, source: AsyncGenerator[T]) -> None:
        self.cancelled = False
        """Whether the job has ended because it was cancelled."""
        self._loop = loop
        self._source = source
        self._brought: SimpleQueue[T | _End] = SimpleQueue()
        self._room = asyncio.Semaphore(MOST_WAITING)
        self._end: _End | None = None
        loop.call_soon_threadsafe(self._start)

    def cancel(self) -> None:
        """Makes the job end soon; for any thread and for signal handlers."""
        self._loop.call_soon_threadsafe(lambda: self._task.cancel())

    def __iter__(self) -> Iterator[T]:
        """All items. Raises what the generator raises; ends quietly when the job was cancelled."""
        while self._end is None:
            item = self._take()
            if isinstance(item, _End):
                self._end = item
            else:
                yield item
        self.cancelled = isinstance(self._end.error, asyncio.CancelledError)
        if self._end.error is not None and not self.cancelled:
            raise self._end.error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._end is None:
            self.cancel()
        while self._end is None:
            item = self._take()
            self._end = item if isinstance(item, _End) else None

    def _take(self) -> T | _End:
        # The wait has a limit: a signal just before the wait does not end it, and on Windows no signal does.
        while True:
            with contextlib.suppress(Empty):
                item = self._brought.get(timeout=LOOK_SECONDS)
                if not isinstance(item, _End):
                    self._loop.call_soon_threadsafe(self._room.release)
                return item

    def _start(self) -> None:
        self._task = self._loop.create_task(self._bring())
        # A callback, not code in the task: a task that is cancelled before its first step never runs.
        self._task.add_done_callback(lambda task: self._brought.put(_End(_error_of(task))))

    async def _bring(self) -> None:
        async with aclosing(self._source) as source:
            async for item in source:
                await self._room.acquire()
                self._brought.put(item)


class _End:
    """The last item of a job."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


def _error_of(task: asyncio.Task[None]) -> BaseException | None:
    return asyncio.CancelledError() if task.cancelled() else task.exception()


async def _result_of(work: Callable[[], Awaitable[object]]) -> AsyncGenerator[object]:
    yield await work()
