"""How long a step of an engine may take."""

from __future__ import annotations

import pytest

from ovpipe.engines.process.pace import CERTAIN, GENEROUS, MOST_RISE, SHORTEST, Pace


def test_without_a_measure_the_operators_limit_holds() -> None:
    pace = Pace(0.0, 256)
    pace.step(0.1, 10)
    assert pace.limits(10_000, 120) == (120, 120)


def test_a_step_may_take_what_its_tokens_take_several_times_over() -> None:
    assert Pace(0.02, 256).limits(200, 120)[0] == pytest.approx(GENEROUS * 200 * 0.02)


def test_no_step_has_more_tokens_than_a_batch_takes() -> None:
    assert Pace(0.02, 256).limits(10_000, 120) == Pace(0.02, 256).limits(256, 120)


def test_a_fast_engine_has_some_seconds_all_the_same_unless_the_operator_allows_fewer() -> None:
    assert Pace(1e-6, 256).limits(256, 120) == (SHORTEST, 120)
    assert Pace(1e-6, 256).limits(256, 2) == (2, 2)


def test_an_engine_slower_than_the_operators_limit_is_not_killed_for_it() -> None:
    assert Pace(1.0, 256).limits(256, 60) == (CERTAIN * 256, CERTAIN * 256)


def test_slow_steps_lift_what_is_expected_and_one_alone_not_by_much() -> None:
    pace = Pace(0.02, 1000)
    pace.step(1.0, 1000)
    assert pace.limits(1000, 1e9)[0] == GENEROUS * 20
    pace.step(1000.0, 1000)
    assert pace.limits(1000, 1e9)[0] == GENEROUS * 20 * MOST_RISE
    pace.step(1000.0, 1000)
    assert pace.limits(1000, 1e9)[0] == GENEROUS * 20 * MOST_RISE**2


def test_a_long_step_without_many_tokens_counts_as_such() -> None:
    pace = Pace(1e-6, 256)
    pace.step(10.0, 1)
    assert pace.limits(1, 120)[0] == GENEROUS * 10
