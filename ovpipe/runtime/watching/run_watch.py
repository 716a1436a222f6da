"""RunWatch: the listeners of one run, and what is put on the run for them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from time import perf_counter_ns
from typing import Any

from ovpipe.calculator import Calculator
from ovpipe.runtime.core.consumer import Append, Item
from ovpipe.runtime.core.core import Core
from ovpipe.runtime.core.core_node import CoreNode
from ovpipe.runtime.core.stream import Producer, Stream
from ovpipe.runtime.nodes.node import Node
from ovpipe.runtime.watching.events import Call, Full, Sent, Waited, WatchedRun, Worked
from ovpipe.runtime.watching.listener import Listener, hears
from ovpipe.runtime.watching.node_watch import NodeWatch, Taken
from ovpipe.timestamp import UNSET
from ovpipe.work import Work

log = logging.getLogger(__name__)


class RunWatch:
    """Reports what happens in a run to those who listen.

    While nobody does, the run is as if it had never been watched: nodes have their calculators' own calls,
    streams no observers, and the core no watch. Everything here happens on the run's event loop.
    """

    def __init__(self, core: Core, run: WatchedRun) -> None:
        self._core = core
        self._run = run
        self._listeners: list[Listener] = []
        self._call_listeners: tuple[Listener, ...] = ()
        self._send_listeners: tuple[Listener, ...] = ()
        self._nodes: dict[CoreNode, NodeWatch] = {}
        self._observers: list[tuple[Stream, Append]] = []
        self._full: dict[Stream, int] = {}
        self._waiting: dict[Producer, int] = {}

    # --- listeners

    def attach(self, listener: Listener) -> None:
        """Reports to one more; a second time does nothing."""
        if listener in self._listeners:
            return
        if not self._listeners:
            self._put_on()
        self._listeners.append(listener)
        self._choose()
        self._tell(listener, listener.attached, self._run)

    def detach(self, listener: Listener) -> None:
        """Reports no more to a listener; does nothing for one that is not attached."""
        if listener not in self._listeners:
            return
        now = perf_counter_ns()
        for stream, began in list(self._full.items()):
            self._tell(listener, listener.stream_had_room, Full(self._run, self._index(stream), began, now))
        for producer, began in list(self._waiting.items()):
            self._tell(listener, listener.node_waited, Waited(self._run, self._place(producer), began, now))
        self._remove(listener)
        try:
            listener.detached(self._run)
        except BaseException:  # what a listener raises must not end the run that it watches
            self._log(listener)

    def release(self) -> None:
        """The run has ended."""
        for listener in list(self._listeners):
            self.detach(listener)
        self._nodes.clear()

    def _remove(self, listener: Listener) -> None:
        if listener in self._listeners:
            self._listeners.remove(listener)
            self._choose()
            if not self._listeners:
                self._unwatch()

    def _tell(self, listener: Listener, report: Callable[[Any], None], event: Any) -> None:
        """Reports to one; it is taken off when it raises, and the run goes on."""
        try:
            report(event)
        except BaseException:  # as in detach
            self._drop(listener)

    def _drop(self, listener: Listener) -> None:
        """A listener raised."""
        self._log(listener)
        self._remove(listener)

    def _log(self, listener: Listener) -> None:
        log.exception(
            "%s: listener %s of run %s failed and hears no more of it",
            self._core.file,
            type(listener).__name__,
            self._run.id,
        )

    # --- on and off

    def _choose(self) -> None:
        """Which listeners hear of calls and packets; streams are observed only where one hears of packets."""
        self._call_listeners = tuple(one for one in self._listeners if hears(one, "call_ended"))
        self._send_listeners = tuple(one for one in self._listeners if hears(one, "packet_sent"))
        if bool(self._send_listeners) == bool(self._observers):
            return
        for stream, observer in self._observers:
            self._core.unobserve(stream, observer)
        self._observers = []
        if self._send_listeners:
            self._observers = [(stream, self._observer(stream)) for stream in self._core.streams]
            for stream, observer in self._observers:
                self._core.observe(stream, observer)

    def _put_on(self) -> None:
        now = perf_counter_ns()
        for index, node in enumerate(self._core.nodes):
            if isinstance(node, Node):
                if node not in self._nodes:
                    self._nodes[node] = NodeWatch(index, node, self)
                self._nodes[node].put_on()
        for stream in self._core.full:
            self._full[stream] = now
            if stream.producer is not None:
                self._waiting.setdefault(stream.producer, now)
        self._core.watch = self

    def _unwatch(self) -> None:
        self._core.watch = None
        for node in self._nodes.values():
            node.take_off()
        self._full.clear()
        self._waiting.clear()

    def _observer(self, stream: Stream) -> Append:
        cx = stream.producer.cx if isinstance(stream.producer, Node) else None
        return partial(self._sent, self._index(stream), cx)

    # --- reports

    def call_ended(
        self, node: int, phase: str, ts: int, began: int, ended: int, depth: int, taken: Taken
    ) -> None:
        """A call has ended."""
        if self._call_listeners:
            call = Call(self._run, node, phase, ts, began, ended, depth, taken)
            for listener in self._call_listeners:
                try:
                    listener.call_ended(call)
                except BaseException:  # as in detach
                    self._drop(listener)

    def _sent(self, stream: int, cx: Any, item: Item) -> None:
        sent = Sent(self._run, stream, item[0], UNSET if cx is None else cx.ts, perf_counter_ns())
        for listener in self._send_listeners:
            try:
                listener.packet_sent(sent, item[1])
            except BaseException:  # as in detach
                self._drop(listener)

    def around(self, node: CoreNode, phase: str, call: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """A calculator's own `open` or `close`, timed; what it has not overridden is no call."""
        calculator = getattr(call, "__self__", None)
        if getattr(type(calculator), phase, None) is getattr(Calculator, phase):
            return call
        return self._nodes[node].around(phase, call)

    def filled(self, stream: Stream) -> None:
        """A stream is full: its producer waits for room from the first output to be so until none is."""
        now = perf_counter_ns()
        self._full[stream] = now
        if stream.producer is not None:
            self._waiting.setdefault(stream.producer, now)

    def relieved(self, stream: Stream) -> None:
        """A stream is not full any more."""
        began = self._full.pop(stream, None)
        if began is None:
            return
        now = perf_counter_ns()
        full = Full(self._run, self._index(stream), began, now)
        for listener in list(self._listeners):
            self._tell(listener, listener.stream_had_room, full)
        producer = stream.producer
        if producer is not None and not any(other.producer is producer for other in self._full):
            waited = Waited(self._run, self._place(producer), self._waiting.pop(producer, began), now)
            for listener in list(self._listeners):
                self._tell(listener, listener.node_waited, waited)

    def work_listener(self) -> Callable[[Work], None] | None:
        """What takes reports of work that is done outside the run; None while nobody hears of it."""
        return self._worked if any(hears(one, "work_ended") for one in self._listeners) else None

    def _worked(self, work: Work) -> None:
        """Reports to who listens now; the work may have been begun for others."""
        worked = Worked(self._run, work)
        for listener in [one for one in self._listeners if hears(one, "work_ended")]:
            try:
                listener.work_ended(worked)
            except BaseException:  # as in detach
                self._drop(listener)

    # --- for snapshots

    def call_since(self, node: CoreNode) -> float | None:
        """When the oldest call under way began, in seconds of `time.perf_counter`."""
        watch = self._nodes.get(node)
        began = None if watch is None else watch.call_since
        return None if began is None else began / 1e9

    def full_since(self, stream: Stream) -> float | None:
        """When a stream became full, in seconds of `time.perf_counter`."""
        began = self._full.get(stream)
        return None if began is None else began / 1e9

    def _index(self, stream: Stream) -> int:
        return self._core.streams.index(stream)

    def _place(self, producer: Producer) -> int:
        return next(place for place, node in enumerate(self._core.nodes) if node is producer)
