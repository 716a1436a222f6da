"""RunKeeper: who hears that a run starts, and that it is over."""

from __future__ import annotations

from typing import Protocol, TypeVar

R_contra = TypeVar("R_contra", contravariant=True)


class RunKeeper(Protocol[R_contra]):
    """Keeps the runs that live."""

    def started(self, run: R_contra, /) -> None:
        """A run starts; raises what stands against it."""

    def ended(self, run: R_contra, /) -> None:
        """A run is over."""
