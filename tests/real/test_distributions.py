"""What is drawn at random has the distribution that transformers reckons: chi-square over many seeds."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import pytest

from tests.real.answers import SECONDS, Served, at_once
from tests.real.references.cases import SAMPLINGS
from tests.real.references.recorded import RECORDED

pytestmark = [pytest.mark.real, pytest.mark.timeout(SECONDS)]

CHOICES = 20
REQUESTS = 75
LEAST = 8
"""How many draws a token has to expect to be counted by itself; rarer ones are counted together."""


@pytest.mark.parametrize("case", SAMPLINGS)
def test_first_tokens_are_drawn_as_transformers_says(smol: Served, case: str) -> None:
    start, sampling = SAMPLINGS[case]
    expected = RECORDED.distributions[case]

    def draws(request: int) -> list[int]:
        return first_tokens(smol, RECORDED.starts[start], seed=request * CHOICES, **sampling)

    drawn = Counter(token for tokens in at_once(draws, range(REQUESTS)) for token in tokens)
    assert sum(drawn.values()) == CHOICES * REQUESTS
    if math.isclose(sum(expected.values()), 1, abs_tol=1e-4):
        assert drawn.keys() <= expected.keys(), "a token that had to be cut off"
    statistic, freedom = chi_square(drawn, expected)
    assert freedom >= 8
    assert statistic < critical(freedom), (statistic, freedom)


def test_the_measure_tells_distributions_apart() -> None:
    expected = dict(enumerate([0.3, 0.2, 0.2, 0.1, 0.1, 0.1]))
    drawn = Counter({0: 450, 1: 300, 2: 300, 3: 150, 4: 150, 5: 150})
    statistic, freedom = chi_square(drawn, expected)
    assert (round(statistic, 6), freedom) == (0, 5)
    other = Counter({0: 550, 1: 275, 2: 275, 3: 150, 4: 150, 5: 100})
    statistic, freedom = chi_square(other, expected)
    assert statistic > critical(freedom)


def first_tokens(served: Served, prompt: list[int], *, seed: int, **sampling: Any) -> list[int]:
    """The next token of each of CHOICES choices."""
    answer = served.client.completions.create(
        model=served.model,
        prompt=prompt,
        n=CHOICES,
        max_tokens=1,
        seed=seed,
        extra_body={"temperature": 1.0, "return_token_ids": True, "ignore_eos": True, **sampling},
    )
    drawn = []
    for choice in answer.choices:
        assert choice.model_extra is not None
        drawn += choice.model_extra["token_ids"]
    return drawn


def chi_square(drawn: Counter[int], expected: dict[int, float]) -> tuple[float, int]:
    """The statistic and its degrees of freedom."""
    count = drawn.total()
    alone = {token for token, probability in expected.items() if probability * count >= LEAST}
    cells = [(drawn[token], expected[token] * count) for token in alone]
    rare = 1 - sum(expected[token] for token in alone)
    if rare * count >= LEAST:
        cells.append((count - sum(drawn[token] for token in alone), rare * count))
    return sum((found - wanted) ** 2 / wanted for found, wanted in cells), len(cells) - 1


def critical(freedom: int) -> float:
    """What chi-square exceeds with a probability of one in a million, by Wilson and Hilferty."""
    z = 4.753
    part = 2 / (9 * freedom)
    return freedom * (1 - part + z * math.sqrt(part)) ** 3
