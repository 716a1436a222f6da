"""Sums of weights by blocks."""

from __future__ import annotations

import numpy as np
import pytest

from ovpipe.calculators.engine.sampling.weights import BLOCK, block_sums, log_sum_exp, weights_of

SIZES = [1, 8, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 7]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("temperature", [0.01, 1.0, 2.5])
def test_the_blocks_of_a_row_have_the_sums_of_its_weights(size: int, temperature: float) -> None:
    logits = (3 * np.random.default_rng(size).standard_normal(size)).astype(np.float32)
    plain = np.exp((logits.astype(np.float64) - logits.max()) / temperature)
    found = block_sums(logits, float(logits.max()), temperature)
    expected = [plain[begin : begin + BLOCK].sum() for begin in range(0, size, BLOCK)]
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-20)
    weights = weights_of(logits, float(logits.max()), temperature)
    np.testing.assert_allclose(weights, plain, rtol=1e-3, atol=1e-20)


@pytest.mark.parametrize("size", SIZES)
def test_what_is_normalised_by_it_adds_up_to_one(size: int) -> None:
    logits = (5 * np.random.default_rng(size).standard_normal(size)).astype(np.float32)
    whole = log_sum_exp(logits, float(logits.max()))
    assert np.exp(logits.astype(np.float64) - whole).sum() == pytest.approx(1, abs=1e-5)


def test_a_row_is_not_written_to() -> None:
    logits = np.arange(100, dtype=np.float32)
    block_sums(logits, 99.0, 0.5)
    weights_of(logits, 99.0, 0.5)
    assert logits.tolist() == list(range(100))
