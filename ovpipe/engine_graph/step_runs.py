"""StepRuns: the runs of the engine's graph, of which one lives."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

from ovpipe.engines.graph.step import Deltas, StepCommands
from ovpipe.errors import RunError
from ovpipe.runtime import Graph
from ovpipe.runtime.watching.listener import Listener

OUTPUT: Final = "deltas"


class StepRuns:
    """Steps the engine's graph. After a failure a fresh run takes the place, over the same side packets.

    What it counts goes on from run to run.
    """

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._seconds: Counter[str] = Counter()
        """In the nodes of the runs before this one."""
        self._listeners: list[Listener] = []
        self._begin()

    def step(self, commands: StepCommands) -> Deltas:
        """One step. Raises RunError when a node fails, StalledError when the graph gives no packet."""
        deltas: Deltas = self._stepper.step(commands)
        return deltas

    def failed_calculator(self, error: RunError) -> Any:
        """The calculator that has ended the run with this error."""
        return self._stepper.calculators.get(error.node)

    def restart(self) -> None:
        """Begins a fresh run, with calculators of its own."""
        self._seconds.update(self._stepper.node_seconds())
        self._begin()

    def attach(self, listener: Listener) -> None:
        """Reports to a listener what happens from now on, in the runs to come, too; again: does nothing."""
        if listener not in self._listeners:
            self._listeners.append(listener)
            self._stepper.attach(listener)

    def detach(self, listener: Listener) -> None:
        """Reports no more to a listener."""
        if listener in self._listeners:
            self._listeners.remove(listener)
            self._stepper.detach(listener)

    def node_seconds(self) -> dict[str, float]:
        """The time in each node, in the order of the graph."""
        return {name: spent + self._seconds[name] for name, spent in self._stepper.node_seconds().items()}

    def _begin(self) -> None:
        self._stepper = self._graph.stepper(OUTPUT, id="engine")
        self._stepper.time_nodes()
        for listener in self._listeners:
            self._stepper.attach(listener)
