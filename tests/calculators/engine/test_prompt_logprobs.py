"""How likely a prompt's own tokens are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ovpipe.calculators.engine.packets import Batch, BatchRow, Logits, ScoredPrompt
from ovpipe.calculators.engine.prompt_logprobs import PromptLogprobsCalculator
from ovpipe.engines.protocol import PromptToken
from ovpipe.testing import CalculatorRunner
from tests.calculators.engine.rows import request

PROMPT = (3, 1, 4, 1)


def reading(past: int, count: int, scores_from: int | None, **sampling: Any) -> BatchRow:
    asked = request(prompt=PROMPT, **{"prompt_logprobs": 0, **sampling})
    return BatchRow(
        request=asked,
        seed=0,
        tokens=PROMPT[past : past + count],
        past=past,
        blocks=(0,),
        length=4,
        history=PROMPT,
        scores_from=scores_from,
    )


def scored(rows: list[BatchRow], *prompt: list[float]) -> tuple[ScoredPrompt, ...]:
    sampled = np.zeros((sum(row.samples for row in rows), 8), np.float32)
    logits = Logits(sampled, prompt=np.array(prompt, np.float32).reshape(-1, 8))
    runner = CalculatorRunner(PromptLogprobsCalculator())
    out = runner.run(batch=[Batch(tuple(rows))], logits=[logits])
    (found,) = out[PromptLogprobsCalculator.scored]
    return found


def log_softmax(values: list[float]) -> Any:
    return np.array(values) - np.log(np.exp(np.array(values)).sum())


FIRST = [0.0, 2, 0, 0, 1, 0, 0, 0]
SECOND = [0.0, 3, 0, 0, 1, 0, 2, 0]
THIRD = [0.5, 0.0, 0, 0, 0, 0, 0, -1]


def test_each_token_is_scored_by_the_logits_before_it_and_the_first_not_at_all() -> None:
    ((found),) = scored([reading(0, 4, 0)], FIRST, SECOND, THIRD)
    assert found.tokens[0] == PromptToken(3)
    assert [(token.id, token.rank) for token in found.tokens[1:]] == [(1, 1), (4, 3), (1, 2)]
    reference = [log_softmax(FIRST)[1], log_softmax(SECOND)[4], log_softmax(THIRD)[1]]
    assert [token.logprob for token in found.tokens[1:]] == pytest.approx(reference, abs=1e-6)


def test_the_parts_of_a_prompt_go_on_where_the_one_before_ended() -> None:
    (first,) = scored([reading(0, 2, 0)], FIRST, SECOND)
    (rest,) = scored([reading(2, 2, 3)], THIRD)
    (whole,) = scored([reading(0, 4, 0)], FIRST, SECOND, THIRD)
    assert [*first.tokens, *rest.tokens] == whole.tokens


def test_the_likeliest_tokens_come_along_the_likeliest_first() -> None:
    (found,) = scored([reading(0, 2, 0, prompt_logprobs=3)], FIRST, SECOND)
    assert [likely.id for likely in found.tokens[2].top_logprobs] == [1, 6, 4]
    top = [likely.logprob for likely in found.tokens[2].top_logprobs]
    assert top == pytest.approx(log_softmax(SECOND)[[1, 6, 4]], abs=1e-6)
    assert found.tokens[0].top_logprobs == ()


def test_rows_that_asked_for_nothing_take_no_logits_of_another() -> None:
    silent = reading(0, 4, None, prompt_logprobs=None)
    first, second = scored([silent, reading(2, 2, 3), silent, reading(0, 2, 0)], THIRD, FIRST, SECOND)
    assert [token.rank for token in first.tokens] == [2]
    assert [token.id for token in second.tokens] == [3, 1, 4]


def test_a_prompt_of_one_token_has_nothing_to_score() -> None:
    asked = request(prompt=(5,), prompt_logprobs=2)
    row = BatchRow(
        request=asked, seed=0, tokens=[5], past=0, blocks=(0,), length=1, history=[5], scores_from=0
    )
    (found,) = scored([row])
    assert found.tokens == [PromptToken(5)]


def test_a_batch_of_which_nobody_asks_scores_nothing() -> None:
    assert scored([]) == ()
