"""Whether a figure grows: its slope after the warm-up by Theil and Sen, against a bound.

The slope is the median of the slopes between all pairs of points, so neither a peak nor a fault's dip moves it.
Points are medians of a few seconds each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import median

WARM_UP = 1 / 3
"""The part of a run that is not judged: caches fill, pools start, allocators find their size."""
POINTS = 60
"""Into how many medians what is judged is drawn together."""


@dataclass(frozen=True, slots=True)
class Slope:
    """A figure's level in what was judged, and by how much it grew from its begin to its end."""

    level: float
    growth: float


def slope(times: Sequence[float], values: Sequence[float]) -> Slope | None:
    """The level and growth of a figure after its warm-up; None of fewer than 8 samples."""
    begin = times[0] + (times[-1] - times[0]) * WARM_UP if times else 0.0
    judged = [(time, value) for time, value in zip(times, values, strict=True) if time >= begin]
    if len(judged) < 8:
        return None
    points = medians(judged)
    slopes = [(v2 - v1) / (t2 - t1) for (t1, v1), (t2, v2) in combinations(points, 2)]
    window = judged[-1][0] - judged[0][0]
    return Slope(median(value for _, value in judged), median(slopes) * window)


def medians(samples: Sequence[tuple[float, float]], points: int = POINTS) -> list[tuple[float, float]]:
    """At most so many points, each the median of neighbours."""
    size = max(1, -(-len(samples) // points))
    groups = (samples[at : at + size] for at in range(0, len(samples), size))
    return [(median(t for t, _ in group), median(v for _, v in group)) for group in groups]
