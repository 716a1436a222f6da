"""Listener: what hears of everything that happens in a run."""

from __future__ import annotations

from typing import Any

from ovpipe.runtime.core.observer import refuse_async
from ovpipe.runtime.watching.events import Call, Full, Sent, Waited, WatchedRun, Worked


class Listener:
    """Attached to a live run with `run.attach`, taken off with `run.detach`; one may listen to many runs.

    Override what you want to hear: a run does no work for what none of its listeners overrides. All methods
    are called on the run's event loop, also for calls that ran on a thread. They must not block. One that
    raises is logged by name and taken off its run, which goes on. A class with an async one is refused.
    """

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        for name in vars(Listener).keys() & vars(cls).keys():
            if not name.startswith("_"):
                refuse_async(getattr(cls, name), f"{name} of a listener", "start a task in it")

    def attached(self, run: WatchedRun) -> None:
        """Everything that happens from now on is reported.

        Of a call under way its end is reported, and this moment as its beginning.
        """

    def call_ended(self, call: Call) -> None:
        """A call of a calculator has ended, well or not."""

    def packet_sent(self, sent: Sent, value: Any) -> None:
        """A packet was handed to those who read its stream."""

    def stream_had_room(self, full: Full) -> None:
        """A stream that was full has room again, or is watched no more."""

    def node_waited(self, waited: Waited) -> None:
        """A node that had to wait for room has room in all its outputs, or is watched no more."""

    def work_ended(self, worked: Worked) -> None:
        """Work that was done for a run outside of it has ended, such as a step of an engine."""

    def detached(self, run: WatchedRun) -> None:
        """Nothing more is reported of a run: it has ended, or the listener was taken off."""


def hears(listener: Listener, method: str) -> bool:
    """Whether a listener does anything with a kind of report."""
    return getattr(type(listener), method) is not getattr(Listener, method)
