"""Heartbeat: tells an engine's process that works from one that hangs, within some seconds.

Between two messages the process says nothing: openvino-genai's step() holds the interpreter's lock, so no
thread of its own could. The system says whether it computes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, NamedTuple

from ovpipe.engines.process.vitals import Vitals, vitals_of, waits_for_processor

LOOKS: Final = 6
"""How often it looks within the shortest limit."""
LEAST_CPU: Final = 0.05
"""Seconds of computing that count as work. A process that hangs may have threads that wake now and then."""
READ_FIRST: Final = 0.05
"""Seconds between a missed limit and the verdict. When it was the event loop that stood still, the messages
that came meanwhile are read first."""


class SilenceLimits(NamedTuple):
    """Seconds of silence: `still` of a process that does nothing, `busy` of one that computes, `any` in all
    cases.
    """

    still: float
    busy: float
    any: float


class Heartbeat:
    """Calls `on_hang` with what is wrong, once. The process owes a sign of life as long as it has work; when
    it has none, a `ping` asks for one.

    `limits` says how long it may be silent now. `on_work` is called when it is silent and computes. A process
    that waits for a GPU does not compute itself, so it is seen to be still only where it is stopped.
    """

    def __init__(
        self,
        pid: int,
        *,
        interval: float,
        limits: Callable[[], SilenceLimits],
        ping: Callable[[], None],
        on_work: Callable[[], None],
        on_look: Callable[[Vitals], None] | None = None,
        on_hang: Callable[[str], None],
        computes_itself: bool = True,
    ) -> None:
        self._pid = pid
        self._interval = interval
        self._limits = limits
        self._ping = ping
        self._on_work = on_work
        self._on_look = on_look
        self._on_hang = on_hang
        self._computes_itself = computes_itself
        self._loop = asyncio.get_running_loop()
        self._overdue = False
        self._stopped = False
        self.sign(due=False)
        self._timer = self._loop.call_later(interval, self._look)

    def sign(self, *, due: bool) -> None:
        """A sign of life came; `due` says whether the next is owed."""
        self._since = self._loop.time()
        self._due = due
        self._overdue = False
        self._at_sign: Vitals | None = None
        """As they were at the first look after it."""

    def expect(self) -> None:
        """Work is handed over, so a sign is due. Where one is due already, the time runs on."""
        if not self._due:
            self.sign(due=True)

    def stop(self) -> None:
        """Nothing is due any more, and no timer stays behind."""
        self._stopped = True
        self._timer.cancel()

    def _look(self) -> None:
        now, vitals = self._loop.time(), vitals_of(self._pid)
        wait = self._interval
        if vitals is not None and self._on_look is not None:
            self._on_look(vitals)
        if not self._due:
            self._ping()
            self.sign(due=True)
        if self._at_sign is None:
            self._at_sign = self._moved = vitals
            self._moved_at = self._since
        self._note_work(now, vitals)
        wrong = self._wrong(now - self._since, now - self._moved_at, vitals)
        if wrong is not None:
            if self._overdue:
                self.stop()
                self._on_hang(wrong)
                return
            self._overdue, wait = True, READ_FIRST
        if not self._stopped:
            self._timer = self._loop.call_later(wait, self._look)

    def _note_work(self, now: float, vitals: Vitals | None) -> None:
        if vitals is None or self._moved is None:
            return
        if (
            vitals.cpu_seconds - self._moved.cpu_seconds >= LEAST_CPU
            or vitals.major_faults > self._moved.major_faults
            or vitals.waits_for_disk
            or waits_for_processor(self._pid)
        ):
            self._moved, self._moved_at = vitals, now
            self._on_work()

    def _wrong(self, silent: float, still: float, vitals: Vitals | None) -> str | None:
        """What is wrong with a process that has been silent for so long, and has done nothing for so long."""
        limits = self._limits()
        if silent >= limits.any:
            return f"gave no sign of life for {limits.any:g} s"
        tells = vitals is not None and (self._computes_itself or vitals.is_stopped)
        if vitals is None or self._at_sign is None or not tells:
            return f"gave no sign of life for {limits.busy:g} s" if silent >= limits.busy else None
        if min(silent, still) >= limits.still:
            what = "is stopped" if vitals.is_stopped else "does nothing"
            return f"gave no sign of life for {limits.still:g} s and {what}"
        # One that gets little of a busy machine is given more time.
        computed = vitals.cpu_seconds - self._at_sign.cpu_seconds
        if silent >= limits.busy and computed >= limits.busy / 2:
            return f"gave no sign of life for {limits.busy:g} s, though it computes"
        return None
