"""Run: one pass of a graph over one request, driven by asyncio."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from types import TracebackType
from typing import Any, Self

from ovpipe.errors import RunCancelled, RunError
from ovpipe.metering import Meter
from ovpipe.packet import Packet
from ovpipe.runtime.core.back_pressure import relieve
from ovpipe.runtime.core.consumer import Item
from ovpipe.runtime.core.core import Core
from ovpipe.runtime.core.observer import observer_of
from ovpipe.runtime.core.stream import Stream
from ovpipe.runtime.nodes.blueprint import Blueprint
from ovpipe.runtime.runs.failures import Failures
from ovpipe.runtime.runs.reader import Reader
from ovpipe.runtime.runs.run_keeper import RunKeeper
from ovpipe.runtime.runs.stall_watches import StallWatches
from ovpipe.runtime.watching.watched import Watched
from ovpipe.timestamp import raw_timestamp


class Run(Watched):
    """One pass of a graph's streaming nodes: fresh calculators, own timeline, own queues, own errors.

    Use it as a context manager. Readers and observers are attached first; the first `send`, the first read
    or `start` opens the nodes. Leaving the block closes the inputs and waits for the run to end; leaving it
    by an exception cancels the run, and waits until its nodes have closed.
    """

    def __init__(
        self,
        blueprint: Blueprint,
        side_packets: Mapping[str, Any],
        *,
        id: str,
        graph: str,
        keeper: RunKeeper[Run],
        executors: Mapping[str, Executor],
        meter: Meter | None = None,
    ) -> None:
        super().__init__(blueprint, id, graph)
        self._loop = asyncio.get_running_loop()
        self._keeper = keeper
        self._pump_scheduled = False
        self._over = asyncio.Event()
        self._readers: list[Reader] = []
        self._failures = Failures(f"graph {graph!r}, run {id}", self._loop)
        self._stall_watches = StallWatches(self, blueprint.file)
        self._core = core = Core(
            blueprint.new_streams(),
            file=blueprint.file,
            open_inputs=len(blueprint.inputs),
            report_deadlock=blueprint.report_deadlock,
            spawn=self._loop.create_task,
            executors=executors,
            on_drop=self._failures.dropped,
            on_failure=self._failures.failed,
            on_news=self._schedule_pump,
            on_end=self._schedule_end,
            explain=self.explain_stall,
        )
        core.meter = meter
        blueprint.build_nodes(core, side_packets)

    def __repr__(self) -> str:
        state = "over" if self._is_over else "new" if self._started is None else "running"
        return f"<Run {self.id} of graph {self.graph}, {state}>"

    # --- before the start

    def read(self, stream: str) -> Reader:
        """A reader of a stream's packets; to be called before the run starts."""
        self._refuse_late("read")
        reader = Reader(self, self._core.streams[self._blueprint.stream_index(stream)])
        self._readers.append(reader)
        return reader

    def observe(self, stream: str, callback: Callable[[Packet[Any]], object]) -> None:
        """Calls a function with every packet of a stream; to be called before the run starts.

        An observer does not hold the stream up. Its exception ends the run. One that is async is refused.
        """
        self._refuse_late("observe")
        target = self._core.streams[self._blueprint.stream_index(stream)]
        self._core.observe(target, observer_of(callback, target, self._core))

    def observe_errors(self, callback: Callable[[RunError], object]) -> None:
        """Calls a function with every error of a node with `on_error: drop`; without one they are logged."""
        self._failures.observe(callback)

    def start(self) -> None:
        """Opens the nodes."""
        if self._started is None:
            self._keeper.started(self)
            self._started = time.perf_counter()
            self._core.open()
            self._core.turn()

    # --- inputs

    async def send(self, stream: str, value: Any, at: int | None = None) -> None:
        """Puts a packet on an input of the graph, waiting while its queue is full.

        Without `at` the timestamps count up from 0. Raises the run's error once it has failed,
        TimestampError for a packet that comes too early, and Abandoned when nobody reads the input any more.
        """
        index = self._blueprint.input_index(stream)
        target = self._core.streams[index]
        self.start()
        while target.full and not self._core.stopping:
            room = asyncio.Event()
            target.waiters.append(room.set)
            self._core.turn()
            await room.wait()
        self._add(index, value, at)

    def offer(self, stream: str, value: Any, at: int | None = None) -> bool:
        """`send` for who cannot wait: returns False, and puts nothing, while the input's queue is full."""
        index = self._blueprint.input_index(stream)
        self.start()
        if self._core.streams[index].full and not self._core.stopping:
            return False
        self._add(index, value, at)
        return True

    def _add(self, index: int, value: Any, at: int | None) -> None:
        self.raise_failure()
        stream = self._core.streams[index]
        if at is None:
            at = max(stream.bound, 0)
        elif type(at) is not int:
            at = raw_timestamp(at, f"input {stream.name!r} of {self._blueprint.file}, at=")
        self._core.add(index, at, value)
        self._core.turn()

    def set_bound(self, stream: str, bound: int) -> None:
        """Promises that nothing earlier than `bound` will be sent on an input.

        Raises TimestampError when an earlier packet or promise went further.
        """
        index = self._blueprint.input_index(stream)
        self.start()
        self.raise_failure()
        raw = raw_timestamp(bound, f"the bound of input {stream!r} of {self._blueprint.file}")
        self._core.set_bound(index, raw)
        self._core.turn()

    def close_input(self, stream: str) -> None:
        """Nothing more comes on this input."""
        self.start()
        self._core.close_input(self._blueprint.input_index(stream))
        self._core.turn()

    def close_inputs(self) -> None:
        """Nothing more comes on any input; the run ends when all that is in it has been processed."""
        self.start()
        for index in self._blueprint.inputs.values():
            self._core.close_input(index)
        self._core.turn()

    # --- the end

    def cancel(self) -> None:
        """Ends the run now: async calls are cancelled, queued packets dropped, calculators closed."""
        if self._started is None:
            self._started = time.perf_counter()  # nothing is opened that would be closed at once
        self._core.cancel()
        self._core.turn()

    async def wait(self) -> None:
        """Waits until every calculator has closed; raises RunError or RunCancelled if it came to that."""
        self.start()
        await self._over.wait()
        self.raise_failure()

    async def over(self) -> None:
        """Waits until every calculator of a started run has closed, however it went."""
        await self._over.wait()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.close_inputs()
            await self.wait()
        else:
            self.cancel()
            await self._over.wait()

    @property
    def _is_over(self) -> bool:
        return self._over.is_set()

    @property
    def stopped(self) -> bool:
        """Whether the run has failed, was cancelled or has ended."""
        return self._core.stopping or self._is_over

    @property
    def turns(self) -> int:
        """A count that moves whenever anything in the run does."""
        return self._core.turns

    @property
    def progress(self) -> tuple[int, ...]:
        """Counts of which one moves whenever anything in the run does, or what its calls wait for outside."""
        return self._core.turns, *(node.progress_outside for node in self._core.nodes)

    def raise_failure(self) -> None:
        """Raises the run's first error, or RunCancelled, if there is one."""
        failure = self._core.failure()
        if failure is not None:
            raise failure
        if self._core.cancelled:
            raise RunCancelled("the run was cancelled")

    def close_sources(self) -> None:
        """Ends the graph's sources; the run ends when what they sent has been processed."""
        self.start()
        self._core.close_sources()
        self._core.turn()

    def watch_stall(self, seconds: float, callback: Callable[[str], object] | None = None) -> None:
        """Has a stall explained when nothing has moved for so long, once until something moves again.

        `callback` is given what `explain_stall` says; without one it is logged as a warning. A call that
        awaits, or works on a thread, moves nothing either, unless `cx.follow_progress` says what it waits
        for: choose longer than others may take.
        """
        if not self._over.is_set():
            self._stall_watches.add(seconds, callback)

    # --- for readers

    def took_from(self, stream: Stream) -> None:
        """A reader took packets; who waited for room may go on."""
        if stream.full and not self.stopped:
            relieve(self._core, stream)
            self._core.turn()

    def lose_reader(self, stream: Stream, queue: deque[Item]) -> None:
        """A reader reads no more."""
        if not self.stopped:
            self._core.lose_consumer(stream, queue)
            self._core.turn()

    # --- the pump

    def _schedule_pump(self) -> None:
        if not self._pump_scheduled:
            self._pump_scheduled = True
            self._loop.call_soon(self._pump)

    def _pump(self) -> None:
        self._pump_scheduled = False
        if not self._over.is_set():
            self._core.turn()
            if self._core.stopping:
                self._wake()

    def _schedule_end(self) -> None:
        self._loop.call_soon(self._end)

    def _end(self) -> None:
        self._over.set()
        self._stall_watches.stop()
        self._wake()
        self._release()
        self._readers.clear()
        self._keeper.ended(self)

    def _wake(self) -> None:
        """Lets everybody who waits for the run see that it has stopped."""
        for reader in self._readers:
            reader.drain()
        for index in self._blueprint.inputs.values():
            stream = self._core.streams[index]
            waiters, stream.waiters = stream.waiters, []
            for wake in waiters:
                wake()

    def _refuse_late(self, verb: str) -> None:
        if self._started is not None:
            raise RuntimeError(
                f"call run.{verb}() before the run starts, which the first send or read does: "
                "earlier packets would be missed"
            )
