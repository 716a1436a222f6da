"""A token by chance: from exactly the distribution that the request asks for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from ovpipe.calculators.engine.sampling.chance import uniform
from ovpipe.calculators.engine.sampling.draw import draw
from ovpipe.engines.protocol import SamplingParams

SIZE = 5_003
ROW = (2 * np.random.default_rng(5).standard_normal(SIZE)).astype(np.float32)


def expected(row: NDArray[np.float32], sampling: SamplingParams) -> NDArray[np.float64]:
    """The probability of each token, by the plainest way."""
    scaled = row.astype(np.float64) / sampling.temperature
    weights = np.exp(scaled - scaled.max())
    weights[weights < sampling.min_p] = 0
    order = np.argsort(-weights, kind="stable")
    if sampling.top_k != -1:
        weights[order[sampling.top_k :]] = 0
    if sampling.top_p < 1:
        before = np.cumsum(weights[order]) - weights[order]
        weights[order[before >= sampling.top_p * weights.sum()]] = 0
    shares: NDArray[np.float64] = weights / weights.sum()
    return shares


SETTINGS: list[dict[str, Any]] = [
    {"temperature": 1.0},
    {"temperature": 0.3},
    {"temperature": 3.0},
    {"temperature": 0.8, "top_k": 5},
    {"temperature": 0.8, "top_k": 300},
    {"temperature": 0.8, "top_p": 0.5},
    {"temperature": 1.5, "top_p": 0.95},
    {"temperature": 1.0, "min_p": 0.05},
    {"temperature": 0.9, "top_k": 40, "top_p": 0.9, "min_p": 0.02},
]


@pytest.mark.parametrize("setting", SETTINGS, ids=str)
def test_evenly_spread_chances_give_each_token_its_share(setting: dict[str, Any]) -> None:
    sampling = SamplingParams(max_tokens=1, **setting)
    wanted = expected(ROW, sampling)
    draws = 1_000
    found = np.bincount(
        np.array([draw(ROW, sampling, (place + 0.5) / draws) for place in range(draws)]), minlength=SIZE
    )
    # Each token's share of the line from 0 to 1 has its length; the points on it are evenly spread.
    assert np.abs(found - draws * wanted).max() <= 1.01
    assert set(np.flatnonzero(found)) <= set(np.flatnonzero(wanted))


def test_seeded_draws_follow_the_distribution_by_chi_square() -> None:
    row = np.log(np.array([0.5, 0.25, 0.125, 0.0625, 0.0625], np.float32))
    sampling = SamplingParams(max_tokens=1, temperature=1.0)
    draws = 5_000
    found = np.bincount(
        np.array([draw(row, sampling, uniform(seed, 0)) for seed in range(draws)]), minlength=5
    )
    shares = np.exp(row.astype(np.float64))
    chi_square = float(((found - draws * shares) ** 2 / (draws * shares)).sum())
    assert chi_square < 33.4, "four degrees of freedom: one in a million is above"


@pytest.mark.parametrize("chance", [0.0, 0.5, np.nextafter(1.0, 0.0)])
@pytest.mark.parametrize("setting", [{}, {"top_k": 2}, {"top_p": 0.5}, {"min_p": 0.5}])
def test_a_token_that_is_forbidden_is_never_drawn(chance: float, setting: dict[str, Any]) -> None:
    row = np.full(3_000, -np.inf, np.float32)
    row[[1_000, 2_000]] = [1.0, 1.0]
    assert draw(row, SamplingParams(max_tokens=1, **setting), chance) in (1_000, 2_000)


LIMITS = st.fixed_dictionaries(
    {
        "temperature": st.sampled_from([0.05, 0.7, 1.0, 4.0]),
        "top_k": st.sampled_from([-1, 1, 2, 7, 64, 10**6]),
        "top_p": st.sampled_from([1e-9, 0.3, 0.9, 1.0]),
        "min_p": st.sampled_from([0.0, 0.01, 0.5, 1.0]),
    }
)


@given(
    # Few different values, so that many are equal, at the edges of what limits leave, too.
    st.lists(st.sampled_from([-np.inf, -3.0, 0.0, 0.5, 1.0]), min_size=1, max_size=400),
    LIMITS,
    st.floats(0, 1, exclude_max=True),
)
def test_only_tokens_that_the_limits_leave_are_drawn(
    values: list[float], setting: dict[str, Any], chance: float
) -> None:
    row = np.array(values, np.float32)
    sampling = SamplingParams(max_tokens=1, **setting)
    token = draw(row, sampling, chance)
    if not np.isfinite(row).any():
        assert token is None
    else:
        assert token is not None
        assert expected(row, sampling)[token] > 0


@pytest.mark.parametrize("size", [151_936, 24_577, 1_025])
@pytest.mark.parametrize("spread", [0.01, 1.0, 6.0])
@pytest.mark.parametrize(
    "setting",
    [{}, {"top_p": 0.9}, {"top_p": 0.999}, {"min_p": 0.1, "top_p": 0.9}, {"top_k": 1_000, "top_p": 0.9}],
    ids=str,
)
@pytest.mark.slow
def test_of_a_large_vocabulary_each_tenth_is_drawn_as_often_as_it_is_likely(
    size: int, spread: float, setting: dict[str, Any]
) -> None:
    row = (spread * np.random.default_rng(size).standard_normal(size)).astype(np.float32)
    sampling = SamplingParams(max_tokens=1, temperature=0.9, **setting)
    wanted = expected(row, sampling)
    draws = 50
    found = np.array([draw(row, sampling, (place + 0.5) / draws) for place in range(draws)])
    assert (wanted[found] > 0).all()
    # By tenths of the vocabulary, from the least likely tokens to the likeliest.
    edges = np.quantile(row, np.linspace(0, 1, 11)[1:-1])
    tenth = np.searchsorted(edges, row)
    shares = np.bincount(tenth, wanted, minlength=10)
    hits = np.bincount(tenth[found], minlength=10) / draws
    assert np.abs(hits - shares).max() < 0.2


def test_top_p_of_equal_tokens_leaves_the_first_of_them() -> None:
    row = np.zeros(1_000, np.float32)
    sampling = SamplingParams(max_tokens=1, top_p=0.5)
    found = {draw(row, sampling, (place + 0.5) / 1_000) for place in range(1_000)}
    assert found == set(range(500))


@pytest.mark.parametrize("limits", [{}, {"top_k": 40}, {"top_p": 0.9}, {"min_p": 0.1}], ids=str)
@pytest.mark.parametrize("value", [-np.inf, np.nan], ids=str)
def test_a_row_without_a_number_gives_no_token(value: float, limits: dict[str, Any]) -> None:
    row = np.full(20_000, value, np.float32)
    assert draw(row, SamplingParams(max_tokens=1, **limits), 0.5) is None


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**20))
def test_chance_is_from_0_to_1_and_of_seed_and_position_alone(seed: int, position: int) -> None:
    chance = uniform(seed, position)
    assert 0 <= chance < 1
    assert uniform(seed, position) == chance
    assert uniform(seed, position + 1) != chance


def test_a_negative_seed_is_a_seed() -> None:
    assert uniform(-1, 0) == uniform(2**64 - 1, 0)
