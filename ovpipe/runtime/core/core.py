"""Core: the streams and nodes of one run, and the order they move in. No threads, no clock, no I/O."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import Executor
from typing import Any

from ovpipe.errors import RunError, StalledError, TimestampError
from ovpipe.metering import Meter
from ovpipe.runtime.core.abandoned_producer import AbandonedProducer
from ovpipe.runtime.core.back_pressure import mark_full, relieve
from ovpipe.runtime.core.consumer import Append, Consumer, Item
from ovpipe.runtime.core.core_node import CoreNode
from ovpipe.runtime.core.deadlock import grow_or_fail
from ovpipe.runtime.core.failure import run_error
from ovpipe.runtime.core.keys import consumer_left
from ovpipe.runtime.core.rounds import Rounds
from ovpipe.runtime.core.sources import Sources
from ovpipe.runtime.core.stream import Stream, drop
from ovpipe.runtime.core.watch import CoreWatch
from ovpipe.timestamp import DONE, UNSET

PUMP_BUDGET = 200
"""Drains, of up to DRAIN_LIMIT packets each, before a pump lets others have the event loop."""

TURNS_PER_LOOK = 256
"""How often a loop of async nodes, whose pumps are short, is looked at."""

Spawn = Callable[[Coroutine[Any, Any, None]], Any]


class Core:
    """Moves packets through one run.

    Single-threaded and re-entered by nobody: `add`, `close_input` and `pump` are called by the run around it.
    `spawn` starts the coroutine of an async node; without it such nodes cannot run. `on_drop` is called
    with each error that costs its timestamp only, `on_failure` with each that ends the run, `on_news` when
    something was scheduled outside a pump, `on_end` once when the last node has closed; `explain` says what
    each node waits for. `settle_nodes` must follow before anything moves.
    """

    def __init__(
        self,
        streams: list[Stream],
        *,
        file: str,
        open_inputs: int,
        report_deadlock: bool,
        spawn: Spawn,
        executors: Mapping[str, Executor],
        on_drop: Callable[[RunError], None],
        on_failure: Callable[[RunError], None],
        on_news: Callable[[], None],
        on_end: Callable[[], None],
        explain: Callable[[], str],
    ) -> None:
        self.spawn = spawn
        self.executors = executors
        self.on_drop = on_drop
        self.on_failure = on_failure
        self.on_news = on_news
        self.on_end = on_end
        self.explain = explain
        self.watch: CoreWatch | None = None
        self.meter: Meter | None = None
        """`cx.meter()`."""
        self.ready: deque[Consumer] = deque()
        self.full: list[Stream] = []
        self.busy = 0
        """Calls of async nodes in flight."""
        self.pumping = False
        self.turns = 0
        """Pumps so far: a run whose count stands still waits for something outside."""
        self.opened = False
        self.stopping = False
        self.cancelled = False
        self.errors: list[RunError] = []
        self.file = file
        self.report_deadlock = report_deadlock
        self.streams = streams
        self.open_inputs = open_inputs
        self.nodes: list[CoreNode] = []
        self.sources: Sources | None = None
        self.rounds: Rounds | None = None
        self.live = 0
        """Nodes that have yet to close."""

    def settle_nodes(
        self, nodes: list[CoreNode], sources: Sources | None, *, has_loops: bool = False
    ) -> None:
        """Takes the run's nodes, which were built around this core, in the order of the graph."""
        self.nodes = nodes
        self.live = len(nodes)
        self.sources = sources
        if has_loops:
            self.rounds = Rounds(nodes, self.ready)

    # --- start

    def observe(self, stream: Stream, observer: Append) -> None:
        """Shows every packet of a stream from now on to a function, which must not raise."""
        stream.observers.append(observer)
        self.reconnect(stream)

    def unobserve(self, stream: Stream, observer: Append) -> None:
        """Takes an observer off."""
        stream.observers.remove(observer)
        self.reconnect(stream)

    def reconnect(self, stream: Stream) -> None:
        """Lets a stream in use hand its packets to those who read and observe it now."""
        if self.opened and not self.stopping and not stream.abandoned:
            stream.connect()

    def open(self) -> None:
        """Connects the streams and opens the nodes, those above first."""
        self.opened = True
        for stream in self.streams:
            stream.connect()
        for node in self.nodes:
            if self.stopping:
                break
            node.open()

    # --- graph inputs

    def add(self, index: int, timestamp: int, value: Any) -> None:
        """Puts a packet on a graph input. The caller waits for room first; see `Stream.full`."""
        stream = self.streams[index]
        if self.stopping:
            raise self.failure() or TimestampError(f"stream {stream.name!r} is closed: the run has ended")
        stream.put(timestamp, value)
        self.announce(stream)

    def set_bound(self, index: int, bound: int) -> None:
        """Nothing earlier comes on a graph input."""
        stream = self.streams[index]
        stream.check_bound(bound)
        stream.bound = bound
        self.announce(stream)

    def close_input(self, index: int) -> None:
        """Nothing more comes on a graph input."""
        stream = self.streams[index]
        if stream.bound < DONE:
            self.open_inputs -= 1
            stream.bound = DONE
            self.announce(stream)

    # --- the pump

    def pump(self, budget: int = PUMP_BUDGET) -> bool:
        """Runs nodes until none is ready or the budget is used up; returns whether there is more to do."""
        if self.pumping:
            return False
        self.pumping = True
        self.turns += 1
        ready = self.ready
        try:
            while True:
                while ready:
                    node: Consumer | None = ready.popleft()
                    while node is not None:
                        node = node.drain()
                        budget -= 1
                        if budget <= 0:
                            if node is not None:
                                ready.appendleft(node)
                            return True
                if self.stopping:
                    self.close_nodes()
                    if not ready:
                        return False
                elif not self.find_work():
                    return False
        finally:
            self.pumping = False

    def find_work(self) -> bool:
        """When no node is ready: a source that may step, a full queue that may grow; or the run is stuck."""
        source = None if self.sources is None else self.sources.next()
        if source is not None:
            source.queued = True
            self.ready.append(source)
            return True
        if self.full:
            return grow_or_fail(self)
        return self.live > 0 and not self.busy and not self.open_inputs and self.fail_stuck()

    def fail_stuck(self) -> bool:
        """Fails a run whose inputs are closed and in which nothing moves, though nodes are left."""
        if self.sources is not None and not self.sources.all_ended:
            return False
        if self.rounds is not None and self.rounds.end():
            return True
        error = StalledError(f"the run can go no further: {self.explain()}")
        self.record(str(error), "", "wait", UNSET, self.file, error)
        return True

    def close_sources(self) -> None:
        """Ends every source after the step it is in."""
        for source in self.sources or ():
            source.stop()
            if source.waiting:
                following = source.end()
                if following is not None:
                    self.ready.append(following)

    # --- what nodes report

    def announce(self, stream: Stream) -> None:
        """Schedules the consumers of a stream that moved."""
        if stream.bound == stream.published_bound:
            return
        stream.published_bound = stream.bound
        for consumer, queue, limit in stream.consumers:
            if not consumer.queued:
                consumer.queued = True
                self.ready.append(consumer)
            if len(queue) >= limit:
                mark_full(self, stream)

    def deliver(self, stream: Stream) -> None:
        """Announces what an async call sent, and lets the nodes below have it now."""
        self.announce(stream)
        self.turn()

    def turn(self) -> None:
        """Pumps now, and leaves what is over the budget to the run's own pump."""
        more = self.pump()
        if self.rounds is not None and (more or self.turns % TURNS_PER_LOOK == 0) and self.is_fed_no_more():
            self.rounds.look()
        if more:
            self.on_news()

    def is_fed_no_more(self) -> bool:
        """Whether a run that goes on gets nothing more from its inputs and sources."""
        ended = self.sources is None or self.sources.all_ended
        return ended and not self.open_inputs and not self.stopping

    def lose_consumer(self, stream: Stream, queue: deque[Item]) -> None:
        """Who reads from this queue is done with its stream; the producer ends when nobody is left."""
        if self.stopping:
            return
        if stream.detach(queue) and stream.producer is not None:
            self.ready.append(AbandonedProducer(stream.producer))
        else:
            consumer_left(stream)
        relieve(self, stream)

    def node_ended(self) -> None:
        """A node has closed; the run ends with the last."""
        self.live -= 1
        if self.live == 0:
            self.on_end()

    # --- the end

    def fail(self, error: RunError) -> None:
        """Keeps an error; the first one stops the run."""
        self.errors.append(error)
        self.on_failure(error)
        self.stop()

    def record(self, message: str, node: str, phase: str, ts: int, place: str, error: BaseException) -> None:
        """`fail` with an error that is none of a node's call."""
        self.fail(run_error(message, node, phase, ts, place, error))

    def cancel(self) -> None:
        """Ends the run early: queued packets are dropped, async calls cancelled, nodes closed."""
        if self.live and not self.stopping:
            self.cancelled = True
            self.stop()

    def stop(self) -> None:
        """Nothing new is queued and what waits is dropped; the nodes close when the pump comes to it."""
        if self.stopping:
            return
        self.stopping = True
        for stream in self.streams:
            stream.append = drop
            for consumer, queue, _ in stream.consumers:
                if not consumer.outside:
                    queue.clear()
        for node in self.nodes:
            node.interrupt()
        self.ready.clear()
        self.full.clear()
        self.on_news()

    def close_nodes(self) -> None:
        """Closes every node that is not in the middle of an async call; those close when it has unwound."""
        for node in self.nodes:
            node.finish()

    def failure(self) -> RunError | None:
        """The first error of the run."""
        return self.errors[0] if self.errors else None

    def release(self) -> None:
        """Breaks the reference cycles of a run that has ended, so that it is freed at once."""
        for node in self.nodes:
            node.release()
        for stream in self.streams:
            stream.producer = None
            stream.consumers = []
            stream.observers = []
            stream.append = drop
        self.ready.clear()
        self.on_drop = self.on_failure = self.on_news = self.on_end = self.explain = over


def over(*_: Any) -> Any:
    """Stands in for the calls to a run that has ended."""
