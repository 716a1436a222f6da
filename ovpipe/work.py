"""Work: what was done for a run outside of it, such as a step of an engine, as a trace shows it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Work(NamedTuple):
    """A slice on a lane of its own, in nanoseconds of `time.perf_counter_ns`.

    The same work that was done for several runs is one slice: one place, lane and beginning.
    """

    place: str
    """Where it was done. Its lanes stand together: `engine qwen`."""
    lane: str
    name: str
    began: int
    ended: int
    facts: Mapping[str, int | str]
    """What else there is to say of it."""
