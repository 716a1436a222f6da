"""Histogram: how often something was how large, cheap enough for each token."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from itertools import accumulate

from prometheus_client.utils import floatToGoString


class Histogram:
    """Counts in buckets, as Prometheus has them.

    prometheus_client's own takes a lock and looks at each bucket.
    """

    __slots__ = ("_bounds", "_counts", "_sum")

    def __init__(self, bounds: Iterable[float]) -> None:
        self._bounds = tuple(bounds)
        self._counts = [0] * (len(self._bounds) + 1)
        self._sum = 0.0

    def observe(self, value: float) -> None:
        """Counts one."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self._sum += value

    @property
    def total(self) -> float:
        """The sum of all that was observed."""
        return self._sum

    def buckets(self) -> list[tuple[str, float]]:
        """The upper end of each bucket, and how often something was not above it."""
        ends = [*map(floatToGoString, self._bounds), "+Inf"]
        return [(end, float(count)) for end, count in zip(ends, accumulate(self._counts), strict=True)]
