"""LiveRuns: the runs of one graph that live."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Mapping
from weakref import ref

from ovpipe.errors import OvpipeError
from ovpipe.runtime.runs.run import Run
from ovpipe.runtime.watching.loop_watch import LoopWatch

log = logging.getLogger(__name__)


class LiveRuns(Mapping[str, Run]):
    """A graph's runs by id, each from its start until its last node has closed.

    A run that is dropped by all who knew it is not kept alive by this.
    """

    def __init__(self, graph: str) -> None:
        self._graph = graph
        self._runs: dict[str, ref[Run]] = {}
        self._closed = False
        self.loop_watch: LoopWatch | None = None
        """What sees that a node of theirs blocks the event loop."""

    def __getitem__(self, id: str) -> Run:
        run = self._runs[id]()
        if run is None:
            raise KeyError(id)
        return run

    def __iter__(self) -> Iterator[str]:
        return iter([key for key, run in self._runs.items() if run() is not None])

    def __len__(self) -> int:
        return sum(run() is not None for run in self._runs.values())

    @property
    def any_live(self) -> bool:
        """Whether one lives; may be asked from another thread."""
        return bool(self._runs)

    def started(self, run: Run) -> None:
        """A run starts. Raises OvpipeError when its graph is closed, or its id is that of one that lives."""
        if self._closed:
            raise OvpipeError(f"graph {self._graph!r} is closed: run {run.id!r} cannot start any more")
        if run.id in self._runs and self._runs[run.id]() is not None:
            raise OvpipeError(
                f"graph {self._graph!r} has a live run with the id {run.id!r}: give each run an id of its "
                "own, or none"
            )
        self._runs[run.id] = ref(run, self._forget)
        if self.loop_watch is not None:
            self.loop_watch.started(asyncio.get_running_loop(), self)

    def ended(self, run: Run) -> None:
        """A run is over."""
        kept = self._runs.get(run.id)
        if kept is not None and kept() is run:  # one that was cancelled before its start is not here
            del self._runs[run.id]

    def _forget(self, dead: ref[Run]) -> None:
        """A run was dropped before its end."""
        self._runs = {key: run for key, run in self._runs.items() if run is not dead}

    def reopen(self) -> None:
        """Runs may start."""
        self._closed = False

    def watch_loop(self, seconds: float | None) -> None:
        """Names and counts calls that keep the event loop for so long; None: nothing is watched."""
        self.stop_watching()
        self.loop_watch = None if seconds is None else LoopWatch(self._graph, seconds)

    def stop_watching(self) -> None:
        """The graph closes, and none lives any more."""
        if self.loop_watch is not None:
            self.loop_watch.stop()

    async def end_all(self, timeout: float) -> None:
        """Cancels the runs that live, and waits until their nodes have closed or the time is over."""
        self._closed = True
        live = list(self.values())
        for run in live:
            run.cancel()
        try:
            async with asyncio.timeout(timeout):
                for run in live:
                    await run.over()
        except TimeoutError:
            for run in self.values():
                log.warning(
                    "graph %r: the nodes of run %s did not close within %g s; it is left behind: %s",
                    self._graph,
                    run.id,
                    timeout,
                    run.explain_stall(),
                )
