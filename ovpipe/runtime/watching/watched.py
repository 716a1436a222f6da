"""Watched: what can be watched of a run, whoever drives it."""

from __future__ import annotations

from abc import ABC, abstractmethod

from ovpipe.runtime.core.core import Core
from ovpipe.runtime.nodes.blueprint import Blueprint
from ovpipe.runtime.watching.events import WatchedRun
from ovpipe.runtime.watching.listener import Listener
from ovpipe.runtime.watching.run_watch import RunWatch
from ovpipe.runtime.watching.snapshot import RunSnapshot
from ovpipe.runtime.watching.stall import explain_stall
from ovpipe.runtime.watching.take_snapshot import snapshot_of, state_of_run


class Watched(ABC):
    """A run that listeners attach to and detach from while it lives, and that can be seen as a value.

    A run that nobody watches pays nothing.
    """

    _core: Core

    def __init__(self, blueprint: Blueprint, id: str, graph: str) -> None:
        self.id = id
        """Its own among the live runs of its graph."""
        self.graph = graph
        """The name of its graph."""
        self._blueprint = blueprint
        self._started: float | None = None
        """When, in seconds of `time.perf_counter`."""
        self._watch: RunWatch | None = None

    @property
    @abstractmethod
    def _is_over(self) -> bool:
        """Whether every calculator has closed."""

    @property
    def started(self) -> float | None:
        """When its nodes were opened, in seconds of `time.perf_counter`; None before that."""
        return self._started

    def attach(self, listener: Listener) -> None:
        """Reports to a listener what happens from now on; a run that is over has nothing to report."""
        if self._is_over:
            return
        if self._watch is None:
            self._watch = RunWatch(self._core, WatchedRun(self.id, self.graph, self._blueprint))
        self._watch.attach(listener)

    def detach(self, listener: Listener) -> None:
        """Reports no more to a listener."""
        if self._watch is not None:
            self._watch.detach(listener)

    def snapshot(self) -> RunSnapshot:
        """The run at this moment, as a value: its nodes, their queues, what waits for what."""
        inputs = [self._core.streams[index] for index in self._blueprint.inputs.values()]
        state = state_of_run(self._core, self._started is not None, self._is_over)
        return snapshot_of(self._core, inputs, self.id, self.graph, state, self._started)

    def explain_stall(self) -> str:
        """Which nodes have yet to end, what each waits for, and which node owes it."""
        return explain_stall(self.snapshot())

    def _release(self) -> None:
        """The run is over: its listeners hear so, and its cycles of references are broken."""
        if self._watch is not None:
            self._watch.release()
        self._core.release()
