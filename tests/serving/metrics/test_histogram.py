"""A histogram counts as Prometheus has it: each bucket has all that is not above its end."""

from __future__ import annotations

from ovpipe.serving.metrics.histogram import Histogram


def test_a_bucket_has_what_is_not_above_its_end() -> None:
    histogram = Histogram((0.5, 1, 2.5))
    for value in (0.1, 0.5, 0.6, 2.5, 100):
        histogram.observe(value)
    assert histogram.buckets() == [("0.5", 2), ("1.0", 3), ("2.5", 4), ("+Inf", 5)]
    assert histogram.total == 103.7
