"""Whether a figure grows: its slope by Theil and Sen.

The slope is the median of the slopes between all pairs of points, so neither a peak nor a fault's dip moves it.
Points are medians of a few seconds each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import median

POINTS = 60
"""Into how many medians what is judged is drawn together."""


@dataclass(frozen=True, slots=True)
class Slope:
    """A figure's level, and by how much it grew from its begin to its end."""

    level: float
    growth: float


def slope(samples: Sequence[tuple[float, float]]) -> Slope | None:
    """The level and growth of a figure, given as pairs of second and value; None of fewer than 8 samples."""
    if len(samples) < 8:
        return None
    slopes = [(v2 - v1) / (t2 - t1) for (t1, v1), (t2, v2) in combinations(medians(samples), 2)]
    window = samples[-1][0] - samples[0][0]
    return Slope(median(value for _, value in samples), median(slopes) * window)


def medians(samples: Sequence[tuple[float, float]], points: int = POINTS) -> list[tuple[float, float]]:
    """At most so many points, each the median of neighbours."""
    size = max(1, -(-len(samples) // points))
    groups = (samples[at : at + size] for at in range(0, len(samples), size))
    return [(median(t for t, _ in group), median(v for _, v in group)) for group in groups]
