"""The clocks of two processes, which are one on most machines."""

from __future__ import annotations

from ovpipe.engines.process.clocks import by_our_clock, clock_lag
from ovpipe.engines.protocol import NodeSpan, StepTrace

TRACE = StepTrace(
    step=1, requests=[7], rows=1, tokens=1, began=10, ended=40, spans=[NodeSpan("model", 20, 30)]
)


def test_a_clock_that_is_read_between_two_looks_at_ours_is_ours() -> None:
    assert clock_lag(100, 150, 200) == clock_lag(100, 100, 100) == 0
    assert by_our_clock(TRACE, 0) is TRACE


def test_another_clock_s_times_are_brought_to_ours() -> None:
    assert clock_lag(1000, 150, 2000) == 1850
    moved = by_our_clock(TRACE, clock_lag(1000, 5000, 2000))
    assert (moved.began, moved.ended, moved.spans) == (-2990, -2960, [NodeSpan("model", -2980, -2970)])
