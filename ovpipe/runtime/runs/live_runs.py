"""LiveRuns: the runs of one graph that live."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Mapping
from weakref import WeakValueDictionary

from ovpipe.errors import OvpipeError
from ovpipe.runtime.runs.run import Run

log = logging.getLogger(__name__)


class LiveRuns(Mapping[str, Run]):
    """A graph's runs by id, each from its start until its last node has closed.

    A run that is dropped by all who knew it is not kept alive by this.
    """

    def __init__(self, graph: str) -> None:
        self._graph = graph
        self._runs: WeakValueDictionary[str, Run] = WeakValueDictionary()
        self._closed = False

    def __getitem__(self, id: str) -> Run:
        return self._runs[id]

    def __iter__(self) -> Iterator[str]:
        return iter(tuple(self._runs))

    def __len__(self) -> int:
        return len(self._runs)

    def started(self, run: Run) -> None:
        """A run starts. Raises OvpipeError when its graph is closed, or its id is that of one that lives."""
        if self._closed:
            raise OvpipeError(f"graph {self._graph!r} is closed: run {run.id!r} cannot start any more")
        if self._runs.setdefault(run.id, run) is not run:
            raise OvpipeError(
                f"graph {self._graph!r} has a live run with the id {run.id!r}: give each run an id of its "
                "own, or none"
            )

    def ended(self, run: Run) -> None:
        """A run is over."""
        if self._runs.get(run.id) is run:  # one that was cancelled before its start is not here
            del self._runs[run.id]

    def reopen(self) -> None:
        """Runs may start."""
        self._closed = False

    async def end_all(self, timeout: float) -> None:
        """Cancels the runs that live, and waits until their nodes have closed or the time is over."""
        self._closed = True
        for run in tuple(self._runs.values()):
            run.cancel()
        try:
            async with asyncio.timeout(timeout):
                for run in tuple(self._runs.values()):
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
