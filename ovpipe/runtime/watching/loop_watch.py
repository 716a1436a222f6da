"""LoopWatch: sees which node of a graph blocks the event loop."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Mapping

from ovpipe.runtime.watching.blocked_loop import BlockedCalls, BlockedLoop
from ovpipe.runtime.watching.loop_looker import LiveRunsToWatch, LoopLooker

log = logging.getLogger(__name__)

JOIN_SECONDS = 0.5
"""How long the end of the thread is waited for, so that it has said what it saw."""


class LoopWatch:
    """Watches the event loop of a graph's runs, from a thread that starts with the first of them.

    A hop pays nothing for it.
    """

    def __init__(self, graph: str, seconds: float) -> None:
        """Calls that keep the loop for `seconds` are named and counted."""
        self._graph = graph
        self._blocked = BlockedLoop(graph, seconds)
        self._looker: LoopLooker | None = None
        self._thread: threading.Thread | None = None

    def counts(self) -> Mapping[str, BlockedCalls]:
        """The calls that kept the event loop for too long, by node."""
        return self._blocked.counts()

    def started(self, loop: asyncio.AbstractEventLoop, live: LiveRunsToWatch) -> None:
        """One of the graph's runs has started on this thread, which is that of its event loop."""
        looker = self._looker
        if looker is not None and looker.loop is loop:
            looker.wake()
            return
        self.stop()
        self._looker = looker = LoopLooker(loop, live, self._blocked)
        thread = threading.Thread(target=looker.run, name=f"watch {self._graph}", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:  # the system gives no more threads; the runs go on
            log.warning("graph %r: no node that blocks the event loop will be named: %s", self._graph, error)
        else:
            self._thread = thread

    def stop(self) -> None:
        """The graph closes; a run that starts later is watched again."""
        if self._looker is not None:
            self._looker.stop()
        if self._thread is not None:
            self._thread.join(JOIN_SECONDS)
        self._looker = self._thread = None
