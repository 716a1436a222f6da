"""Reader: packets of one stream, for who started the run."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol, Self

from ovpipe.packet import Packet
from ovpipe.runtime.core.consumer import Item
from ovpipe.runtime.core.overflow import queue_of
from ovpipe.runtime.core.stream import Stream
from ovpipe.timestamp import ONE_OVER_POST_STREAM, Timestamp


class ReadRun(Protocol):
    """What a reader needs of its run."""

    def start(self) -> None:
        """Opens the nodes, unless they are open."""

    @property
    def stopped(self) -> bool:
        """Whether the run has failed, was cancelled or has ended."""

    def raise_failure(self) -> None:
        """Raises the run's error, if there is one."""

    def took_from(self, stream: Stream) -> None:
        """The reader took packets; who waited for room may go on."""

    def lose_reader(self, stream: Stream, queue: deque[Item]) -> None:
        """The reader reads no more."""


class Reader:
    """An asynchronous iterator of a stream's packets, with a bounded queue.

    The first read starts the run. A reader counts as a consumer: while its queue is full the nodes above
    wait. When the run fails or is cancelled, the packets that came before are still given, then its error is
    raised.
    """

    name = "a reader"
    outside = True

    def __init__(self, run: ReadRun, stream: Stream) -> None:
        self.queued = False
        self._run = run
        self._stream = stream
        self._queue = queue_of(stream)
        self._waiter: asyncio.Future[None] | None = None
        self._pour: Callable[[], None] | None = None
        self._closed = False
        stream.attach(self, self._queue)

    def drain(self) -> None:
        """Called by the run when there is news."""
        self.queued = False
        if self._pour is not None:
            self._pour()
        elif self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Packet[Any]:
        while not self._queue:
            if self._is_over():
                self._run.raise_failure()
                raise StopAsyncIteration
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                self._run.start()  # nobody else does in a graph of sources
                await self._waiter
            finally:
                self._waiter = None
        timestamp, value = self._queue.popleft()
        self._run.took_from(self._stream)
        return Packet(value, Timestamp.of_raw(timestamp))

    async def pour(self, sink: Callable[[list[Any]], bool]) -> bool:
        """Hands values to a function as they come, within the run's own turn: no task is woken for them.

        A call of `sink` has all values that wait. When it returns False, later ones stay in the queue and
        `pour` returns True: there may be more. At the end of the stream it returns False. Raises the run's
        error, and what `sink` raises.
        """
        over: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

        def pour() -> None:
            try:
                while self._queue and not over.done():
                    values = [value for _, value in self._queue]
                    self._queue.clear()
                    if not sink(values):
                        over.set_result(True)
                    self._run.took_from(self._stream)  # which may come back here with what was made room for
                if not over.done() and self._is_over():
                    over.set_result(False)
            except Exception as error:
                if over.done():
                    raise
                over.set_exception(error)

        self._pour = pour
        try:
            self._run.start()
            pour()
            more = await over
        finally:
            self._pour = None
        if not more:
            self._run.raise_failure()
        return more

    def take(self) -> list[Packet[Any]]:
        """All packets that wait now, without waiting for more."""
        self._run.start()
        packets = [Packet(value, Timestamp.of_raw(timestamp)) for timestamp, value in self._queue]
        self._queue.clear()
        self._run.took_from(self._stream)
        return packets

    def close(self) -> None:
        """Reads no more: what waits is dropped, and nodes that only this reader kept going may end."""
        if not self._closed:
            self._closed = True
            self._queue.clear()
            self._run.lose_reader(self._stream, self._queue)

    def _is_over(self) -> bool:
        return self._closed or self._run.stopped or self._stream.bound >= ONE_OVER_POST_STREAM
