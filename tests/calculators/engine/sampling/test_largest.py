"""The largest values of a row."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ovpipe.calculators.engine.sampling.largest import largest


@pytest.mark.parametrize("size", [1, 63, 64, 1000, 10_007, 151_936])
@pytest.mark.parametrize("count", [0, 1, 5, 64, 129, 1_000, 20_000])
def test_they_are_those_that_sorting_finds_in_its_order(size: int, count: int) -> None:
    values = np.random.default_rng(size).standard_normal(size).astype(np.float32)
    expected = np.argsort(-values, kind="stable")[:count]
    np.testing.assert_array_equal(largest(values, count), expected)


@given(st.lists(st.sampled_from([0, 1, 2, 3, -np.inf]), min_size=1, max_size=1_500), st.integers(1, 20))
def test_of_equal_ones_the_first_places_are_taken(values: list[float], count: int) -> None:
    row = np.array(values, np.float32)
    np.testing.assert_array_equal(largest(row, count), np.argsort(-row, kind="stable")[:count])


def test_a_row_of_many_equal_values_gives_the_first() -> None:
    row = np.zeros(50_000, np.float32)
    row[[40_000, 3]] = 1
    assert largest(row, 4).tolist() == [3, 40_000, 0, 1]


def test_forbidden_tokens_come_last() -> None:
    row = np.full(10_000, -np.inf, np.float32)
    row[[9_999, 17]] = [1, 2]
    assert largest(row, 2).tolist() == [17, 9_999]
