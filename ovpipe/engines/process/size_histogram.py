"""SizeHistogram: how often something had which size."""

from __future__ import annotations

from bisect import bisect_left
from itertools import accumulate
from typing import Any, Final

BOUNDS: Final = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192)
"""The upper ends of the buckets."""


class SizeHistogram:
    """Counts sizes in buckets of powers of two, as Prometheus' histograms do."""

    def __init__(self) -> None:
        self._counts = [0] * (len(BOUNDS) + 1)
        self._sum = 0

    def add(self, size: int) -> None:
        """Counts one."""
        self._counts[bisect_left(BOUNDS, size)] += 1
        self._sum += size

    def metrics(self, name: str) -> dict[str, Any]:
        """The three metrics of a histogram, by Prometheus' names."""
        below = list(accumulate(self._counts))
        bounds = [*map(str, BOUNDS), "+Inf"]
        return {
            f"{name}_bucket": {"le": {bound: float(n) for bound, n in zip(bounds, below, strict=True)}},
            f"{name}_sum": float(self._sum),
            f"{name}_count": float(below[-1]),
        }
