"""LoopLooker: a thread that looks at what an event loop's thread is doing."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from typing import Final, NamedTuple, Protocol
from weakref import ref

from ovpipe.runtime.watching.blocked_loop import BlockedLoop
from ovpipe.runtime.watching.stack import call_on
from ovpipe.runtime.watching.thread_times import ThreadTimes, Times

LOOK_SECONDS: Final = 0.04
"""Between two looks. How long a call took is known to about as much."""


class LiveRunsToWatch(Protocol):
    """The runs of a graph."""

    @property
    def any_live(self) -> bool:
        """Whether one lives; asked from another thread."""


class Moment(NamedTuple):
    """When a look was, and what the two threads had done by then."""

    at: float
    watched: Times | None
    own: Times | None


class LoopLooker:
    """Looks at the stack of the thread that makes it, again and again, while runs live; else it sleeps.

    One that finds a call asks the loop to note when it turns next: that tells whether the call awaits.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, live: LiveRunsToWatch, blocked: BlockedLoop) -> None:
        self.loop = loop
        self._live = ref(live, lambda _: self.stop())
        self._blocked = blocked
        self._watched = threading.get_ident()
        self._watched_times = ThreadTimes(threading.get_native_id())
        self._own_times: ThreadTimes | None = None
        self._poked = threading.Event()
        self._asleep = self._stopped = self._asked = False
        self._turned = time.perf_counter()
        self._before = self._moment()

    def wake(self) -> None:
        """A run has started."""
        if self._asleep:
            self._asleep = False
            self._before = self._moment()
            self._poked.set()

    def stop(self) -> None:
        """Ends the thread."""
        self._stopped = True
        self._poked.set()

    def run(self) -> None:
        """The thread's life."""
        self._own_times = ThreadTimes(threading.get_native_id())
        try:
            while not self._stopped and not self.loop.is_closed():
                if not self._any_live():
                    self._sleep()
                    continue
                if self._poked.wait(LOOK_SECONDS) and not self._stopped:
                    self._poked.clear()
                self._look()
            self._blocked.end(time.perf_counter())
        finally:
            self._watched_times.close()
            self._own_times.close()

    def _any_live(self) -> bool:
        live = self._live()
        return live is not None and live.any_live

    def _sleep(self) -> None:
        self._blocked.end(time.perf_counter())
        self._poked.clear()
        self._asleep = True
        if not self._any_live() and not self._stopped:
            self._poked.wait()
        self._asleep = False
        if not self._stopped:
            self._poked.clear()

    def _look(self) -> None:
        before, self._before = self._before, self._moment()
        now = self._before.at
        # A call that holds Python's lock lets this thread look only at its end.
        since = now - held_by_loop(before, self._before)
        after = before.at if now - before.at < 2 * LOOK_SECONDS else since
        call = call_on(sys._current_frames().get(self._watched))
        self._blocked.look(call, after=after, since=since, now=now, turned=self._turned)
        if call is not None and not self._asked:
            self._asked = True
            try:
                self.loop.call_soon_threadsafe(self._note_turn)
            except RuntimeError:  # it has been closed
                self.stop()

    def _note_turn(self) -> None:
        self._turned = time.perf_counter()
        self._asked = False

    def _moment(self) -> Moment:
        own = None if self._own_times is None else self._own_times.read()
        return Moment(time.perf_counter(), self._watched_times.read(), own)


def held_by_loop(before: Moment, now: Moment) -> float:
    """For how long a look came too late because the loop's thread computed with Python's lock.

    Not longer than it has computed, and not for the time in which the looking thread waited for a processor.
    """
    late = now.at - before.at - LOOK_SECONDS
    if late < LOOK_SECONDS or before.watched is None or now.watched is None:
        return 0.0
    waited = 0.0 if before.own is None or now.own is None else now.own.waited - before.own.waited
    return max(0.0, min(late - waited, now.watched.computed - before.watched.computed))
