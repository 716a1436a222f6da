"""Trace: what happened in runs, kept in a ring buffer and written as Chrome-trace JSON."""

from __future__ import annotations

import itertools
import json
from collections import deque
from pathlib import Path
from time import perf_counter_ns
from typing import Any

from ovpipe.runtime.nodes.blueprint import Blueprint
from ovpipe.runtime.watching.chrome import chrome_events
from ovpipe.runtime.watching.events import Event, TracedRun

CAPACITY = 100_000


class Trace:
    """The latest `capacity` events of the runs it was given to; older ones are forgotten.

        trace = Trace()
        async with graph.run(trace=trace) as run:
            ...
        trace.save("trace.json")

    It has names, times and timestamps, and no packet's value.
    """

    def __init__(self, capacity: int = CAPACITY) -> None:
        if capacity < 1:
            raise ValueError(f"a trace of {capacity} events keeps nothing; give it a capacity of 1 or more")
        self._events: deque[Event] = deque(maxlen=capacity)
        self._numbers = itertools.count(1)
        self._zero = perf_counter_ns()
        self.add = self._events.append
        """Keeps an event; may be called on any thread."""

    def begin_run(self, graph: str, blueprint: Blueprint) -> TracedRun:
        """A new run, for its events to name."""
        return TracedRun(next(self._numbers), graph, blueprint)

    def events(self) -> list[Event]:
        """What is kept now, in the order of arrival: a call arrives when it ends."""
        return list(self._events.copy())

    def chrome(self) -> dict[str, Any]:
        """The trace in Chrome's trace event format, as ui.perfetto.dev and chrome://tracing open it."""
        return {"traceEvents": chrome_events(self.events(), self._zero), "displayTimeUnit": "ns"}

    def save(self, path: Path | str) -> None:
        """Writes the trace to a file."""
        Path(path).write_text(json.dumps(self.chrome(), separators=(",", ":")), "utf-8")
