"""Events: what listeners are given of a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from ovpipe.runtime.nodes.blueprint import Blueprint
from ovpipe.work import Work


@dataclass(frozen=True, slots=True, eq=False)
class WatchedRun:
    """A run as its events name it. It holds what a graph's runs share, so an event keeps no run alive."""

    id: str
    graph: str
    blueprint: Blueprint


class Call(NamedTuple):
    """A call of a calculator. Times are nanoseconds, timestamps raw, nodes and streams indices."""

    run: WatchedRun
    node: int
    phase: str
    ts: int
    began: int
    ended: int
    depth: int
    """The most packets at one input, those of the call included."""
    taken: tuple[tuple[int, int], ...]
    """The packets of the call: stream and timestamp of each."""


class Sent(NamedTuple):
    """A packet handed to those who read its stream."""

    run: WatchedRun
    stream: int
    ts: int
    call_ts: int
    """The timestamp of the call that sent it."""
    at: int


class Full(NamedTuple):
    """A time in which a stream was full."""

    run: WatchedRun
    stream: int
    began: int
    ended: int


class Waited(NamedTuple):
    """A time in which a node waited for room: from the first of its outputs to be full until none was."""

    run: WatchedRun
    node: int
    began: int
    ended: int


class Worked(NamedTuple):
    """Work that was done for a run outside of it."""

    run: WatchedRun
    work: Work


Event = Call | Sent | Full | Worked
"""What a trace keeps."""
