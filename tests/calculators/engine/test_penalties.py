"""Penalties for tokens that were there before."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ovpipe.calculators.engine.packets import Batch, Logits
from ovpipe.calculators.engine.penalties import PenaltiesCalculator
from ovpipe.testing import CalculatorRunner
from tests.calculators.engine.rows import logits, row

VALUES = [2.0, -2.0, 4.0, 1.0, 0.0, 1.0, 1.0, 1.0]


def penalised(completion: tuple[int, ...], **sampling: Any) -> list[float]:
    given = logits(VALUES)
    runner = CalculatorRunner(PenaltiesCalculator())
    out = runner.run(batch=[Batch((row(completion, prompt=(0, 1), **sampling),))], logits=[given])
    (found,) = out[PenaltiesCalculator.processed]
    assert given.raw[0].tolist() == VALUES, "what the model gave stays as it is"
    result: list[float] = found.row(0).tolist()
    return result


def test_a_repetition_penalty_is_of_prompt_and_completion() -> None:
    assert penalised((2, 2), repetition_penalty=2.0) == [1.0, -4.0, 2.0, 1.0, 0.0, 1.0, 1.0, 1.0]


def test_a_frequency_penalty_counts_in_the_completion() -> None:
    assert penalised((2, 2, 3), frequency_penalty=0.5) == [2.0, -2.0, 3.0, 0.5, 0.0, 1.0, 1.0, 1.0]


def test_a_presence_penalty_is_once_for_each_token_of_the_completion() -> None:
    assert penalised((2, 2, 3), presence_penalty=0.5) == [2.0, -2.0, 3.5, 0.5, 0.0, 1.0, 1.0, 1.0]


@pytest.mark.parametrize("sampling", [{}, {"presence_penalty": 0.0, "repetition_penalty": 1.0}])
def test_a_row_without_penalties_is_the_very_row(sampling: dict[str, Any]) -> None:
    given = logits(VALUES)
    out = CalculatorRunner(PenaltiesCalculator()).run(batch=[Batch((row((2,), **sampling),))], logits=[given])
    (found,) = out[PenaltiesCalculator.processed]
    assert found is given


def test_rows_are_counted_among_those_that_a_token_follows() -> None:
    reading = row(presence_penalty=1.0, prompt=(1, 2, 3))
    reading = type(reading)(
        request=reading.request, seed=0, tokens=[1], past=0, blocks=(0,), length=3, history=[1, 2, 3]
    )
    batch = Batch((reading, row((3,), presence_penalty=1.0)))
    out = CalculatorRunner(PenaltiesCalculator()).run(batch=[batch], logits=[logits(VALUES)])
    (found,) = out[PenaltiesCalculator.processed]
    assert found.row(0).tolist() == [2.0, -2.0, 4.0, 0.0, 0.0, 1.0, 1.0, 1.0]


def test_nothing_sampled_is_nothing_changed() -> None:
    empty = Logits(np.empty((0, 8), np.float32))
    out = CalculatorRunner(PenaltiesCalculator()).run(batch=[Batch()], logits=[empty])
    assert out[PenaltiesCalculator.processed] == [empty]
