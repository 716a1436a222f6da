"""Trace: what happened in runs, kept in a ring buffer and written as Chrome-trace JSON."""

from __future__ import annotations

import json
from collections import deque
from pathlib import Path
from time import perf_counter_ns
from typing import Any

from ovpipe.runtime.watching.chrome import chrome_events
from ovpipe.runtime.watching.events import Call, Event, Full, Sent, Worked
from ovpipe.runtime.watching.listener import Listener

CAPACITY = 100_000


class Trace(Listener):
    """The latest `capacity` events of the runs it is attached to; older ones are forgotten.

        trace = Trace()
        async with graph.run(trace=trace) as run:
            ...
        trace.save("trace.json")

    `run.attach(trace)` and `run.detach(trace)` turn it on and off in a run that is under way. It has names,
    times and timestamps, and no packet's value.
    """

    def __init__(self, capacity: int = CAPACITY) -> None:
        if capacity < 1:
            raise ValueError(f"a trace of {capacity} events keeps nothing; give it a capacity of 1 or more")
        self._events: deque[Event] = deque(maxlen=capacity)
        self._zero = perf_counter_ns()

    def call_ended(self, call: Call) -> None:
        self._events.append(call)

    def packet_sent(self, sent: Sent, value: Any) -> None:
        self._events.append(sent)

    def stream_had_room(self, full: Full) -> None:
        self._events.append(full)

    def work_ended(self, worked: Worked) -> None:
        self._events.append(worked)

    def events(self) -> list[Event]:
        """What is kept now, in the order of arrival: a call arrives when it ends."""
        return list(self._events)

    def chrome(self) -> dict[str, Any]:
        """The trace in Chrome's trace event format, as ui.perfetto.dev and chrome://tracing open it."""
        return {"traceEvents": chrome_events(self.events(), self._zero), "displayTimeUnit": "ns"}

    def save(self, path: Path | str) -> None:
        """Writes the trace to a file."""
        Path(path).write_text(json.dumps(self.chrome(), separators=(",", ":")), "utf-8")
