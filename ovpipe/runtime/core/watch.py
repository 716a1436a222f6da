"""CoreWatch: what a core and its nodes report to whatever watches their run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from ovpipe.runtime.core.core_node import CoreNode
from ovpipe.runtime.core.stream import Stream
from ovpipe.work import Work


class CoreWatch(Protocol):
    """Watches a run. A core without one pays nothing."""

    def filled(self, stream: Stream) -> None:
        """A stream became full."""

    def relieved(self, stream: Stream) -> None:
        """A stream is not full any more."""

    def around(self, node: CoreNode, phase: str, call: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """A calculator's `open` or `close`, with a look before and after it."""

    def work_listener(self) -> Callable[[Work], None] | None:
        """What takes reports of work that is done outside the run, if anybody wants to know."""

    def call_since(self, node: CoreNode) -> float | None:
        """When the oldest call under way began, in seconds of `time.perf_counter`, if that was seen."""

    def full_since(self, stream: Stream) -> float | None:
        """When a stream became full, in seconds of `time.perf_counter`, if that was seen."""
