"""RateLimiterCalculator: by a clock that the test turns."""

from __future__ import annotations

import pytest

from ovpipe.calculators.flow.rate_limiter import RateLimiterCalculator
from ovpipe.testing import CalculatorRunner


def passed(calculator: RateLimiterCalculator, *seconds: float) -> list[float]:
    """Which of the packets that come at these seconds pass."""
    out = CalculatorRunner(calculator).run(streams=[seconds], clock=iter(seconds).__next__)
    return out[RateLimiterCalculator.passed][0]


def test_packets_that_come_slowly_enough_all_pass() -> None:
    assert passed(RateLimiterCalculator(packets_per_second=2), 0, 0.5, 1, 1.5) == [0, 0.5, 1, 1.5]


def test_packets_that_come_too_fast_are_dropped() -> None:
    limiter = RateLimiterCalculator(packets_per_second=1)
    assert passed(limiter, 0, 0.25, 0.5, 0.75, 1, 1.25, 2) == [0, 1, 2]


def test_after_a_pause_a_burst_passes_and_not_more() -> None:
    limiter = RateLimiterCalculator(packets_per_second=1, burst=2)
    assert passed(limiter, 0, 0.1, 0.2, 100, 100.1, 100.2) == [0, 0.1, 100, 100.1]


def test_a_rate_above_the_clock_needs_no_whole_seconds() -> None:
    limiter = RateLimiterCalculator(packets_per_second=0.5)
    assert passed(limiter, 0, 1, 2, 3, 4) == [0, 2, 4]


def test_packets_of_one_timestamp_count_as_one() -> None:
    limiter = RateLimiterCalculator(packets_per_second=1)
    out = CalculatorRunner(limiter).run(streams=[["a", "b"], [1, 2]], clock=lambda: 0.0)
    assert out[RateLimiterCalculator.passed] == [["a"], [1]]


def test_without_a_clock_it_takes_the_systems() -> None:
    out = CalculatorRunner(RateLimiterCalculator(packets_per_second=1e-9)).run(streams=[["a", "b"]])
    assert out[RateLimiterCalculator.passed] == [["a"]]


@pytest.mark.parametrize("rate", [0, -1, float("inf"), float("nan")])
def test_a_rate_that_cannot_be_is_refused(rate: float) -> None:
    with pytest.raises(ValueError, match="packets_per_second must be above 0 and finite"):
        RateLimiterCalculator(packets_per_second=rate)


def test_a_burst_of_none_is_refused() -> None:
    with pytest.raises(ValueError, match="burst must be 1 or more, not 0"):
        RateLimiterCalculator(packets_per_second=1, burst=0)
