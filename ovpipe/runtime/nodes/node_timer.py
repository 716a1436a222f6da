"""NodeTimer: adds up the time in a plain node's `process`, and knows nothing else."""

from __future__ import annotations

from time import perf_counter_ns
from typing import Any

from ovpipe.runtime.nodes.node import Node


class NodeTimer:
    """Stands around a node's calls for as long as the node lives.

    Made before anybody watches the run. It costs a tenth of what a listener does, which learns of packets and
    queues, too.
    """

    __slots__ = ("_process", "spent")

    def __init__(self, node: Node) -> None:
        self.spent = 0
        """Nanoseconds."""
        self._process = node.process
        node.process = self._timed

    def _timed(self, cx: Any) -> Any:
        began = perf_counter_ns()
        try:
            return self._process(cx)
        finally:
            self.spent += perf_counter_ns() - began
