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
    draws = 4_000
    found = np.bincount(
        [draw(ROW, sampling, (place + 0.5) / draws) for place in range(draws)], minlength=SIZE
    )
    # Each token's share of the line from 0 to 1 has its length; the points on it are evenly spread.
    assert np.abs(found - draws * wanted).max() <= 1.01
    assert set(np.flatnonzero(found)) <= set(np.flatnonzero(wanted))


def test_seeded_draws_follow_the_distribution_by_chi_square() -> None:
    row = np.log(np.array([0.5, 0.25, 0.125, 0.0625, 0.0625], np.float32))
    sampling = SamplingParams(max_tokens=1, temperature=1.0)
    draws = 20_000
    found = np.bincount([draw(row, sampling, uniform(seed, 0)) for seed in range(draws)], minlength=5)
    shares = np.exp(row.astype(np.float64))
    chi_square = float(((found - draws * shares) ** 2 / (draws * shares)).sum())
    assert chi_square < 33.4, "four degrees of freedom: one in a million is above"


@pytest.mark.parametrize("chance", [0.0, 0.5, np.nextafter(1.0, 0.0)])
@pytest.mark.parametrize("setting", [{}, {"top_k": 2}, {"top_p": 0.5}, {"min_p": 0.5}])
def test_a_token_that_is_forbidden_is_never_drawn(chance: float, setting: dict[str, Any]) -> None:
    row = np.full(3_000, -np.inf, np.float32)
    row[[1_000, 2_000]] = [1.0, 1.0]
    assert draw(row, SamplingParams(max_tokens=1, **setting), chance) in (1_000, 2_000)


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**20))
def test_chance_is_from_0_to_1_and_of_seed_and_position_alone(seed: int, position: int) -> None:
    chance = uniform(seed, position)
    assert 0 <= chance < 1
    assert uniform(seed, position) == chance
    assert uniform(seed, position + 1) != chance


def test_a_negative_seed_is_a_seed() -> None:
    assert uniform(-1, 0) == uniform(2**64 - 1, 0)
