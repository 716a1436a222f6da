"""A trace in Chrome's trace event format: a process for each run, a lane for each node, packets as flows.

The format: "Trace Event Format", by the Chromium project; ts and dur are microseconds. Perfetto wants a tid
to belong to one process only, and a flow's ends to lie within slices.
"""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ovpipe.runtime.watching.chrome_names import lane_names, named
from ovpipe.runtime.watching.chrome_work import WorkDrawing
from ovpipe.runtime.watching.events import Call, Event, Full, Sent, WatchedRun, Worked
from ovpipe.timestamp import FIRST_ORDINARY, LAST_ORDINARY, UNSET, Timestamp

INPUTS = -1
"""Stands for who feeds the graph, as if it were a node."""

Lane = tuple[int, int, int]
"""The number of a run, a node of it, and which of its calls side by side."""


@dataclass(frozen=True, slots=True)
class Slice:
    """A call on its lane."""

    lane: Lane
    began: int
    ended: int


def chrome_events(events: Sequence[Event], zero: int) -> list[dict[str, Any]]:
    """Names first, then all that happened, in order of time; times count from `zero` nanoseconds."""
    calls = sorted((event for event in events if isinstance(event, Call)), key=lambda call: call.began)
    sends = [event for event in events if isinstance(event, Sent)]
    runs = dict(enumerate(dict.fromkeys(event.run for event in events), 1))
    places = {event.work.place for event in events if isinstance(event, Worked)}
    # no tid is a pid: that thread would count as its process' main one
    tids = itertools.count(len(runs) + len(places) + 1)
    drawing = Drawing(zero, runs, tids)
    slices = [drawing.call(call) for call in calls]
    drawing.packets(sends, calls, slices)
    for event in events:
        if isinstance(event, Full):
            drawing.full(event)
    works = WorkDrawing(zero, tids, first_pid=len(runs) + 1)
    for event in events:
        if isinstance(event, Worked):
            works.add(event)
    drawn = [*drawing.drawn, *works.drawn()]
    return [*drawing.names(), *works.names(), *sorted(drawn, key=lambda event: float(event["ts"]))]


class Drawing:
    """What has been drawn so far, and the lanes it is drawn on."""

    def __init__(self, zero: int, runs: dict[int, WatchedRun], tids: Iterator[int]) -> None:
        self.drawn: list[dict[str, Any]] = []
        self._zero = zero
        self._runs = runs
        self._numbers = {run: number for number, run in runs.items()}
        self._producers = {number: producers(run) for number, run in runs.items()}
        self._ids = itertools.count(1)
        self._tids = tids
        self._lanes: dict[Lane, int] = {}
        self._ends: defaultdict[tuple[int, int], list[int]] = defaultdict(list)

    # --- calls

    def call(self, call: Call) -> Slice:
        """A slice on the first of its node's lanes that is free; calls side by side get more lanes."""
        run = call.run
        name = run.blueprint.nodes[call.node].name
        number = self._numbers[run]
        ends = self._ends[number, call.node]
        ended = max(call.ended, call.began + 1)
        place = next((place for place, end in enumerate(ends) if end <= call.began), len(ends))
        ends[place : place + 1] = [ended]
        lane = (number, call.node, place)
        self.draw(
            "X",
            name if call.phase == "process" else f"{call.phase} {name}",
            lane,
            call.began,
            cat=call.phase,
            dur=(ended - call.began) / 1000,
            args={"timestamp": shown(call.ts)},
        )
        if call.phase == "process" and run.blueprint.nodes[call.node].inputs:
            for at, packets in ((call.began, call.depth), (ended, max(call.depth - 1, 0))):
                self.draw("C", f"queue of {name}", lane, at, args={"packets": packets})
        return Slice(lane, call.began, ended)

    def full(self, full: Full) -> None:
        """A time in which a stream was full: a track of its own, for calls may begin and end within it."""
        run = full.run
        number = next(self._ids)
        of_run = self._numbers[run]
        lane = (of_run, self._producers[of_run][full.stream], 0)
        name = f"{run.blueprint.streams[full.stream]} is full"
        self.draw("b", name, lane, full.began, cat="full", id=number)
        self.draw("e", name, lane, full.ended, cat="full", id=number)

    # --- packets

    def packets(self, sends: Iterable[Sent], calls: Iterable[Call], slices: Iterable[Slice]) -> None:
        """A flow from the call that sent a packet to each that took it, where the trace still has both."""
        sent = {(self._numbers[send.run], send.stream, send.ts): send for send in sends}
        senders: defaultdict[tuple[int, int, int], list[Slice]] = defaultdict(list)
        for call, drawn in zip(calls, slices, strict=True):
            senders[self._numbers[call.run], call.node, call.ts].append(drawn)
        feeds = {
            key: self.feed(send)
            for key, send in sent.items()
            if self._producers[self._numbers[send.run]][send.stream] == INPUTS
        }
        for call, taker in zip(calls, slices, strict=True):
            for stream, ts in call.taken:
                key = (self._numbers[call.run], stream, ts)
                send = sent.get(key)
                if send is None:
                    continue
                node = self._producers[key[0]][stream]
                source = feeds.get(key) or sender(senders[key[0], node, send.call_ts], send.at)
                if source is not None:
                    # what a call on a thread, or one beside others, sends is seen after its end
                    at = max(source.began, min(send.at, source.ended - 1))
                    self.flow(call.run.blueprint.streams[stream], ts, source, at, taker)

    def feed(self, send: Sent) -> Slice:
        """A packet from outside, as a slice so short that no other begins within it."""
        lane = (self._numbers[send.run], INPUTS, 0)
        name = send.run.blueprint.streams[send.stream]
        self.draw("X", name, lane, send.at, cat="input", dur=0.001, args={"timestamp": shown(send.ts)})
        return Slice(lane, send.at, send.at + 1)

    def flow(self, name: str, ts: int, source: Slice, at: int, taker: Slice) -> None:
        """The two ends of a flow."""
        number = next(self._ids)
        args = {"timestamp": shown(ts)}
        self.draw("s", name, source.lane, at, cat="packet", id=number, args=args)
        self.draw("f", name, taker.lane, max(at, taker.began), cat="packet", id=number, bp="e", args=args)

    # --- the page

    def draw(self, kind: str, name: str, lane: Lane, at: int, **more: Any) -> None:
        """One event."""
        ts = (at - self._zero) / 1000
        self.drawn.append({"ph": kind, "name": name, "pid": lane[0], "tid": self.tid(lane), "ts": ts, **more})

    def tid(self, lane: Lane) -> int:
        """The number of a lane."""
        if lane not in self._lanes:
            self._lanes[lane] = next(self._tids)
        return self._lanes[lane]

    def names(self) -> Iterator[dict[str, Any]]:
        """Names for runs and lanes, lanes in the order of the graph."""
        for number, run in self._runs.items():
            yield named("process", f"{run.graph}, run {run.id}", number)
        for order, ((number, node, place), tid) in enumerate(sorted(self._lanes.items())):
            name = "inputs" if node == INPUTS else self._runs[number].blueprint.nodes[node].name
            yield from lane_names(f"{name} ({place + 1})" if place else name, number, tid, order)


def producers(run: WatchedRun) -> dict[int, int]:
    """The node that writes each stream."""
    made = dict.fromkeys(range(len(run.blueprint.streams)), INPUTS)
    for index, node in enumerate(run.blueprint.nodes):
        made.update((stream, index) for _, stream in node.outputs)
    return made


def sender(slices: list[Slice], at: int) -> Slice | None:
    """The latest of a node's calls at one timestamp that had begun by then, if the trace has it."""
    place = bisect_right(slices, at, key=lambda one: one.began)
    return slices[place - 1] if place else None


def shown(ts: int) -> int | str:
    """A timestamp as people see it."""
    if FIRST_ORDINARY <= ts <= LAST_ORDINARY:
        return ts
    return str(Timestamp.DONE if ts == UNSET else Timestamp.of_raw(ts))
