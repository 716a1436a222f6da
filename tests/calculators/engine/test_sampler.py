"""A token for each row of logits."""

from __future__ import annotations

import numpy as np
import pytest

from ovpipe.calculators.engine.packets import Batch, BatchRow, Logits, SampledToken
from ovpipe.calculators.engine.sampler import NOTHING_GIVEN, NOTHING_LEFT, SamplerCalculator
from ovpipe.engines.messages import Refused
from ovpipe.engines.protocol import Token
from ovpipe.testing import CalculatorRunner
from tests.calculators.engine.rows import FACTS, logits, row

FLAT = [0.0] * 8


def sampled(rows: list[BatchRow], given: Logits) -> tuple[SampledToken, ...]:
    runner = CalculatorRunner(SamplerCalculator())
    out = runner.run(batch=[Batch(tuple(rows))], logits=[given], facts=FACTS)
    (found,) = out[SamplerCalculator.sampled]
    return tuple(one for one in found if isinstance(one, SampledToken))


def ids(found: tuple[SampledToken, ...]) -> list[int]:
    return [token_of(one).id for one in found]


def token_of(sampled: SampledToken) -> Token:
    assert sampled.token is not None
    return sampled.token


def test_without_temperature_the_likeliest_token_follows() -> None:
    found = sampled([row(), row()], logits([0, 3, 1, 0, 0, 0, 0, 0], [0, 0, 0, 0, 9, 0, 0, 0]))
    assert ids(found) == [1, 4]
    assert [one.finish for one in found] == [None, None]


def test_a_processor_s_row_counts_and_not_the_model_s() -> None:
    given = logits([0, 3, 1, 0, 0, 0, 0, 0], FLAT).with_rows({0: np.eye(8, dtype=np.float32)[5]})
    assert ids(sampled([row(), row()], given)) == [5, 0]


def test_the_model_s_end_of_sequence_ends_a_completion_unless_it_is_ignored() -> None:
    end = [0, 0, 0, 0, 0, 0, 0, 1.0]
    found = sampled([row(), row(ignore_eos=True)], logits(end, end))
    assert [one.finish for one in found] == ["stop", None]


def test_a_request_s_stop_token_ends_its_completion_alone() -> None:
    likely = [0, 0, 0, 1.0, 0, 0, 0, 0]
    found = sampled([row(stop_token_ids=(3,)), row()], logits(likely, likely))
    assert [one.finish for one in found] == ["stop", None]


def test_the_last_token_that_was_asked_for_ends_by_length() -> None:
    found = sampled([row((5, 5), max_tokens=3), row((5,), max_tokens=3)], logits(FLAT, FLAT))
    assert [one.finish for one in found] == ["length", None]


def test_a_seed_gives_the_same_token_alone_and_in_a_batch() -> None:
    own = row((1, 2), seed=77, temperature=1.0)
    values = [0.1 * place for place in range(8)]
    (alone,) = sampled([own], logits(values))
    others = [row(seed=seed, temperature=1.0) for seed in range(5)]
    together = sampled([*others, own], logits(*[FLAT] * 5, values))
    assert together[-1].token == alone.token
    positions = {
        ids(sampled([row((1,) * place, seed=77, temperature=1.0, max_tokens=50)], logits(FLAT)))[0]
        for place in range(20)
    }
    assert len(positions) > 1, "each place of a text has a chance of its own"


def test_log_probabilities_are_of_the_model_s_own_logits() -> None:
    values = np.array([0.5, 2, -1, 0, 0, 0, 0, 3], np.float32)
    given = logits(values.tolist(), FLAT).with_rows({0: np.eye(8, dtype=np.float32)[1] * 50})
    asked, silent = sampled([row(logprobs=True, temperature=0.0), row()], given)
    reference = values - np.log(np.exp(values.astype(np.float64)).sum())
    assert token_of(asked).id == 1
    assert token_of(asked).logprob == pytest.approx(reference[1], abs=1e-6)
    assert token_of(silent).logprob is None


def test_an_empty_batch_samples_nothing() -> None:
    assert sampled([], Logits(np.empty((0, 8), np.float32))) == ()


def test_the_likeliest_tokens_come_along_the_likeliest_first() -> None:
    values = np.array([0.5, 2, -1, 0, 0, 0, 0, 3], np.float32)
    (one,) = sampled([row(logprobs=True, top_logprobs=3)], logits(values.tolist()))
    top = token_of(one).top_logprobs
    reference = values - np.log(np.exp(values.astype(np.float64)).sum())
    assert [likely.id for likely in top] == [7, 1, 0]
    assert [likely.logprob for likely in top] == pytest.approx(reference[[7, 1, 0]], abs=1e-6)


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_a_row_that_nothing_is_left_of_fails_alone(temperature: float) -> None:
    nothing = np.full(8, -np.inf, np.float32)
    given = logits(FLAT, FLAT).with_rows({0: nothing})
    first, second = sampled([row(temperature=temperature), row()], given)
    assert (first.token, first.refusal) == (None, Refused(1, NOTHING_LEFT))
    assert second.token == Token(0)


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_a_row_that_the_model_gave_no_number_for_fails_alone(temperature: float) -> None:
    given = logits([float("nan")] * 8, FLAT)
    first, second = sampled([row(temperature=temperature), row()], given)
    assert (first.token, first.refusal) == (None, Refused(1, NOTHING_GIVEN, failed=True))
    assert second.token == Token(0)


def test_a_request_that_a_processor_has_refused_ends_once_whatever_its_logits() -> None:
    why = Refused(1, "no", failed=True)
    given = logits(FLAT, FLAT, FLAT).without({1: why})
    first, second = sampled([row(id=1), row(id=1), row(id=2)], given)
    assert (first.token, first.refusal) == (None, why)
    assert (second.row.request.id, second.token) == (2, Token(0))
