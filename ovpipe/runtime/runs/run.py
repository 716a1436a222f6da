"""Run: one pass of a graph over one request, driven by asyncio."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from functools import partial
from types import TracebackType
from typing import Any, Protocol, Self

from ovpipe.errors import RunCancelled, RunError
from ovpipe.packet import Packet
from ovpipe.runtime.core.back_pressure import relieve
from ovpipe.runtime.core.consumer import Item
from ovpipe.runtime.core.core import Core
from ovpipe.runtime.core.observer import guarded
from ovpipe.runtime.core.stream import Stream
from ovpipe.runtime.nodes.blueprint import Blueprint
from ovpipe.runtime.runs.idle_watch import IdleWatch
from ovpipe.runtime.runs.reader import Reader
from ovpipe.runtime.watching.events import WatchedRun
from ovpipe.runtime.watching.listener import Listener
from ovpipe.runtime.watching.run_watch import RunWatch
from ovpipe.runtime.watching.snapshot import RunSnapshot, RunState
from ovpipe.runtime.watching.stall import explain_stall
from ovpipe.runtime.watching.take_snapshot import snapshot_of
from ovpipe.timestamp import Timestamp

log = logging.getLogger(__name__)


class RunKeeper(Protocol):
    """Keeps the runs that live."""

    def started(self, run: Run, /) -> None:
        """A run starts; raises what stands against it."""

    def ended(self, run: Run, /) -> None:
        """A run is over."""


class Run:
    """One pass of a graph's streaming nodes: fresh calculators, own timeline, own queues, own errors.

    Use it as a context manager. Readers and observers are attached first; the first `send`, or `start`,
    opens the nodes. Leaving the block closes the inputs and waits for the run to end; leaving it by an
    exception cancels the run, and waits until its nodes have closed.
    """

    def __init__(
        self,
        blueprint: Blueprint,
        side_packets: Mapping[str, Any],
        *,
        id: str,
        graph: str,
        keeper: RunKeeper,
        executors: Mapping[str, Executor],
    ) -> None:
        self.id = id
        """Its own among the live runs of its graph."""
        self.graph = graph
        """The name of its graph."""
        self._loop = asyncio.get_running_loop()
        self._blueprint = blueprint
        self._keeper = keeper
        self._started: float | None = None
        self._watch: RunWatch | None = None
        self._pump_scheduled = False
        self._over = asyncio.Event()
        self._readers: list[Reader] = []
        self._error_observers: list[Callable[[RunError], object]] = []
        self._stall_watches: list[IdleWatch] = []
        self._core = core = Core(
            blueprint.new_streams(),
            file=blueprint.file,
            open_inputs=len(blueprint.inputs),
            report_deadlock=blueprint.report_deadlock,
            spawn=self._loop.create_task,
            executors=executors,
            on_drop=self._show_dropped,
            on_news=self._schedule_pump,
            on_end=self._schedule_end,
            explain=self.explain_stall,
        )
        blueprint.build_nodes(core, side_packets)

    # --- before the start

    def read(self, stream: str) -> Reader:
        """A reader of a stream's packets; to be called before the first send."""
        self._refuse_late("read")
        reader = Reader(self, self._core.streams[self._blueprint.stream_index(stream)])
        self._readers.append(reader)
        return reader

    def observe(self, stream: str, callback: Callable[[Packet[Any]], object]) -> None:
        """Calls a function with every packet of a stream; to be called before the first send.

        An observer does not hold the stream up. Its exception ends the run.
        """
        self._refuse_late("observe")

        def observer(item: Item) -> None:
            callback(Packet(item[1], Timestamp.of_raw(item[0])))

        target = self._core.streams[self._blueprint.stream_index(stream)]
        self._core.observe(target, guarded(observer, target, self._core))

    def observe_errors(self, callback: Callable[[RunError], object]) -> None:
        """Calls a function with every error of a node with `on_error: drop`; without one they are logged."""
        self._error_observers.append(callback)

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
        self._core.add(index, max(self._core.streams[index].bound, 0) if at is None else int(at), value)
        self._core.turn()

    def set_bound(self, stream: str, bound: int) -> None:
        """Promises that nothing earlier than `bound` will be sent on an input.

        Raises TimestampError when an earlier packet or promise went further.
        """
        index = self._blueprint.input_index(stream)
        self.start()
        self.raise_failure()
        self._core.set_bound(index, int(bound))
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
    def stopped(self) -> bool:
        """Whether the run has failed, was cancelled or has ended."""
        return self._core.stopping or self._over.is_set()

    @property
    def turns(self) -> int:
        """A count that moves whenever anything in the run does."""
        return self._core.turns

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
        awaits, or works on a thread, moves nothing either: choose longer than calls may take.
        """
        report = callback or partial(log_stall, self._blueprint.file, seconds)
        if not self._over.is_set():
            watch = IdleWatch(seconds, lambda: self.turns, lambda: report(self.explain_stall()))
            self._stall_watches.append(watch)

    # --- watching

    def attach(self, listener: Listener) -> None:
        """Reports to a listener what happens from now on; a run that is over has nothing to report."""
        if self._over.is_set():
            return
        if self._watch is None:
            self._watch = RunWatch(self._core, WatchedRun(self.id, self.graph, self._blueprint))
        self._watch.attach(listener)

    def detach(self, listener: Listener) -> None:
        """Reports no more to a listener."""
        if self._watch is not None:
            self._watch.detach(listener)

    def snapshot(self) -> RunSnapshot:
        """The run at this moment, as a value: its nodes, their queues, what waits for what."""
        inputs = [self._core.streams[index] for index in self._blueprint.inputs.values()]
        return snapshot_of(self._core, inputs, self.id, self.graph, self._state(), self._started)

    def _state(self) -> RunState:
        if self._started is None:
            return RunState.NOT_STARTED
        if self._over.is_set():
            return RunState.ENDED
        return RunState.STOPPING if self._core.stopping else RunState.RUNNING

    def explain_stall(self) -> str:
        """Which nodes have yet to end, what each waits for, and which node owes it."""
        return explain_stall(self.snapshot())

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

    def _show_dropped(self, error: RunError) -> None:
        for observer in self._error_observers:
            observer(error)
        if not self._error_observers:
            log.warning("%s (on_error: drop)", error)

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
        for watch in self._stall_watches:
            watch.stop()
        self._stall_watches.clear()
        self._wake()
        if self._watch is not None:
            self._watch.release()
        self._core.release()
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
            raise RuntimeError(f"call run.{verb}() before the first send: earlier packets would be missed")


def log_stall(file: str, seconds: float, why: str) -> None:
    """What a stall is reported by where nobody else wants to know of it."""
    log.warning("%s: nothing has moved in a run for %g s: %s", file, seconds, why)
