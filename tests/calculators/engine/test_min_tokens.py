"""What would end a completion too early is kept away."""

from __future__ import annotations

import numpy as np

from ovpipe.calculators.engine.min_tokens import MinTokensCalculator
from ovpipe.calculators.engine.packets import Batch, BatchRow
from ovpipe.testing import CalculatorRunner
from tests.calculators.engine.rows import FACTS, logits, row


def forbidden(one: BatchRow) -> set[int]:
    runner = CalculatorRunner(MinTokensCalculator())
    out = runner.run(batch=[Batch((one,))], logits=[logits([0.0] * 8)], facts=FACTS)
    (found,) = out[MinTokensCalculator.processed]
    return set(np.flatnonzero(np.isneginf(found.row(0))).tolist())


def test_neither_the_model_s_end_nor_a_stop_token_comes_before_min_tokens() -> None:
    assert forbidden(row((1,), min_tokens=2, stop_token_ids=(3,))) == {3, 7}


def test_from_then_on_all_may_come() -> None:
    assert forbidden(row((1, 1), min_tokens=2, stop_token_ids=(3,))) == set()


def test_an_end_that_is_ignored_may_come_at_any_time() -> None:
    assert forbidden(row(min_tokens=2, ignore_eos=True)) == set()
