"""CoreWatch: what the core tells whatever watches its run."""

from __future__ import annotations

from typing import Protocol

from ovpipe.runtime.core.stream import Stream


class CoreWatch(Protocol):
    """Watches a run. A core without one pays nothing."""

    def filled(self, stream: Stream) -> None:
        """A stream became full."""

    def relieved(self, stream: Stream) -> None:
        """A stream is not full any more."""

    def release(self) -> None:
        """The run has ended."""
