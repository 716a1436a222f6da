"""Processors that favour, allow and forbid tokens: each changes only the rows that asked for it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ovpipe.calculator import Calculator
from ovpipe.calculators.engine.allowed_tokens import AllowedTokensCalculator
from ovpipe.calculators.engine.bad_words import BadWordsCalculator
from ovpipe.calculators.engine.logit_bias import LogitBiasCalculator
from ovpipe.calculators.engine.packets import Batch, BatchRow, Logits
from ovpipe.testing import CalculatorRunner
from tests.calculators.engine.rows import logits, row

VALUES = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]


def processed(calculator: Any, *rows: BatchRow) -> Logits:
    given = logits(*[VALUES] * len(rows))
    out = CalculatorRunner(calculator).run(batch=[Batch(rows)], logits=[given])
    (found,) = out[type(calculator).processed]
    assert given.raw.tolist() == [VALUES] * len(rows)
    changed: Logits = found
    return changed


def forbidden(found: Logits, number: int = 0) -> list[int]:
    return np.flatnonzero(np.isneginf(found.row(number))).tolist()


def test_a_bias_is_added_to_its_tokens() -> None:
    found = processed(LogitBiasCalculator(), row(), row(logit_bias={1: 2.5, 7: -100.0}))
    assert found.row(0).tolist() == VALUES
    assert found.row(1).tolist() == [0.0, 3.5, 2.0, 3.0, 4.0, 5.0, 6.0, -93.0]


def test_only_what_is_allowed_can_be_chosen() -> None:
    found = processed(AllowedTokensCalculator(), row(allowed_token_ids=(2, 5)), row())
    assert forbidden(found) == [0, 1, 3, 4, 6, 7]
    assert (found.row(0)[[2, 5]].tolist(), found.row(1).tolist()) == ([2.0, 5.0], VALUES)


@pytest.mark.parametrize(
    ("completion", "words", "expected"),
    [
        ((), ((3,),), [3]),
        ((4,), ((4, 5),), [5]),
        ((4, 4), ((4, 5), (4, 4, 6), (5, 7)), [5, 6]),
        ((5,), ((4, 5),), []),
        ((), ((2, 5),), []),  # the prompt ends with 2, and is no part of the completion
    ],
)
def test_a_bad_word_does_not_come_to_its_end(
    completion: tuple[int, ...], words: tuple[tuple[int, ...], ...], expected: list[int]
) -> None:
    assert forbidden(processed(BadWordsCalculator(), row(completion, bad_words=words))) == expected


@pytest.mark.parametrize(
    "calculator", [LogitBiasCalculator(), AllowedTokensCalculator(), BadWordsCalculator()]
)
def test_a_batch_that_asks_for_nothing_passes_as_it_is(calculator: Calculator) -> None:
    found = processed(calculator, row(), row((1, 2)))
    assert found.changed == {}
