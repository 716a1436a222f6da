"""PacketCountsCalculator: the count that all runs of a graph share."""

from __future__ import annotations

from collections.abc import Mapping
from threading import Lock

from ovpipe.calculator import Calculator, Context
from ovpipe.ports import SideOutput
from ovpipe.registry import register


class PacketCounts:
    """How many packets the CounterCalculators of all runs have counted; nodes on threads may count too."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._total = 0

    @property
    def total(self) -> int:
        """All packets so far."""
        return self._total

    def add(self) -> None:
        """Counts one packet."""
        with self._lock:
            self._total += 1

    def metrics(self) -> Mapping[str, float]:
        """For /metrics, which labels it by the side packet's name."""
        return {"packets_total": self._total}


@register
class PacketCountsCalculator(Calculator):
    """Makes a count that all runs share, for CounterCalculators and /metrics.

    Side output `counts`. It has no streams, so it opens once with its graph.

        answers:
          calculator: PacketCountsCalculator
          side_outputs: {counts: answers}
    """

    counts = SideOutput[PacketCounts]()

    def open(self, cx: Context) -> None:
        """Makes the count, at 0."""
        cx.set_side(self.counts, PacketCounts())
