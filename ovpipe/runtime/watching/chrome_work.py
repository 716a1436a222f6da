"""Work outside of runs in Chrome's trace event format: a process for each place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ovpipe.runtime.watching.chrome_names import lane_names, named
from ovpipe.runtime.watching.events import Worked
from ovpipe.work import Work


class WorkDrawing:
    """Collects works, each once, with the runs that it was done for."""

    def __init__(self, zero: int, tids: Iterator[int], *, first_pid: int) -> None:
        self._zero = zero
        self._tids = tids
        self._first_pid = first_pid
        self._works: dict[tuple[str, str, int], tuple[Work, list[str]]] = {}
        self._lanes: dict[tuple[str, str], int] = {}
        self._pids: dict[str, int] = {}

    def add(self, worked: Worked) -> None:
        """One more; what was done for several runs comes once for each."""
        work = worked.work
        if work.place not in self._pids:
            self._pids[work.place] = self._first_pid + len(self._pids)
        if (work.place, work.lane) not in self._lanes:
            self._lanes[work.place, work.lane] = next(self._tids)
        _, runs = self._works.setdefault((work.place, work.lane, work.began), (work, []))
        runs.append(f"{worked.run.graph}, run {worked.run.id}")

    def drawn(self) -> Iterator[dict[str, Any]]:
        """A slice for each."""
        for work, runs in self._works.values():
            yield {
                "ph": "X",
                "name": work.name,
                "cat": "work",
                "pid": self._pids[work.place],
                "tid": self._lanes[work.place, work.lane],
                "ts": (work.began - self._zero) / 1000,
                "dur": max(work.ended - work.began, 1) / 1000,
                "args": {**work.facts, "for": runs},
            }

    def names(self) -> Iterator[dict[str, Any]]:
        """Names for places and lanes, lanes in the order in which they came."""
        for place, pid in self._pids.items():
            yield named("process", place, pid)
        for order, ((place, lane), tid) in enumerate(self._lanes.items()):
            yield from lane_names(lane, self._pids[place], tid, order)
