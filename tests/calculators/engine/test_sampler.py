"""A token for each row of logits."""

from __future__ import annotations

from typing import Any

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
    given = logits(FLAT, FLAT, FLAT).without({0: why})
    first, second = sampled([drafted((0,), id=1), row(id=2)], given)
    assert (first.token, first.refusal) == (None, why)
    assert (second.row.request.id, second.token) == (2, Token(0))


# --- drafts


def drafted(drafts: tuple[int, ...], completion: tuple[int, ...] = (), **of_request: Any) -> BatchRow:
    """A row that reads the last token of a sequence and some drafts."""
    plain = row(completion, **of_request)
    tokens = (*plain.tokens, *drafts)
    return BatchRow(
        request=plain.request,
        seed=plain.seed,
        tokens=tokens,
        past=plain.past,
        blocks=(0,),
        length=plain.length,
        history=plain.history,
        drafts=drafts,
    )


def likely(*tokens: int) -> Logits:
    """Rows of logits after which these are the likeliest tokens."""
    return Logits(np.eye(8, dtype=np.float32)[list(tokens)] * 3)


def test_greedy_drafts_are_accepted_up_to_the_first_that_is_wrong() -> None:
    assert ids(sampled([drafted((3, 4))], likely(3, 4, 5))) == [3, 4, 5]
    assert ids(sampled([drafted((3, 4))], likely(3, 6, 5))) == [3, 6]
    assert ids(sampled([drafted((3, 4))], likely(2, 4, 5))) == [2]


def test_each_row_s_drafts_are_its_own() -> None:
    rows = [drafted((3,), id=1), row(id=2), drafted((4, 4), id=3), drafted((5,), id=4)]
    found = sampled(rows, likely(0, 3, 1, 4, 0, 4, 5, 6))
    assert [(one.row.request.id, token_of(one).id) for one in found] == [
        (1, 0),
        (2, 1),
        (3, 4),
        (3, 0),
        (4, 5),
        (4, 6),
    ]
    assert [one.row.generated for one in found] == [0, 0, 0, 1, 0, 1]


def test_no_draft_follows_the_token_that_ends_the_text() -> None:
    found = sampled([drafted((7, 4))], likely(7, 4, 5))
    assert [(token_of(one).id, one.finish) for one in found] == [(7, "stop")]
    found = sampled([drafted((3, 4), (1,), max_tokens=2)], likely(3, 4, 5))
    assert [(token_of(one).id, one.finish) for one in found] == [(3, "length")]


def test_every_accepted_token_has_the_log_probability_of_its_own_place() -> None:
    found = sampled([drafted((3, 4), logprobs=True, top_logprobs=1)], likely(3, 4, 5))
    whole = np.log(np.exp(3.0) + 7)
    assert [token_of(one).logprob for one in found] == pytest.approx([3 - whole] * 3, abs=1e-5)
    assert [token_of(one).top_logprobs[0].id for one in found] == [3, 4, 5]


def test_a_row_behind_a_guess_that_a_processor_has_refused_ends_the_drafts_before_it() -> None:
    given = likely(3, 4, 5).without({1: Refused(1, "no")})
    assert ids(sampled([drafted((3, 4))], given)) == [3]


def test_with_one_seed_the_text_is_the_same_with_drafts_and_without() -> None:
    generator = np.random.default_rng(5)
    values = generator.normal(size=(3, 8)).astype(np.float32)
    for seed in range(60):
        text: list[int] = []
        while len(text) < 3:
            plain = row(tuple(text), seed=seed, temperature=1.0, ignore_eos=True)
            text += ids(sampled([plain], Logits(values[len(text) : len(text) + 1])))
        asked = drafted((4, 2), seed=seed, temperature=1.0, ignore_eos=True)
        found = ids(sampled([asked], Logits(values)))
        assert found == text[: len(found)]
        right = [token == draft for token, draft in zip(text, (4, 2), strict=False)]
        assert len(found) == (1 if not right[0] else 2 if not right[1] else 3)


@pytest.mark.parametrize("limits", [{}, {"top_p": 0.8, "top_k": 5}], ids=str)
def test_drafted_tokens_are_distributed_as_if_nothing_were_drafted(limits: dict[str, Any]) -> None:
    first = np.array([1.0, 0.5, 2.0, 0.0, -1.0, 1.5, 0.2, 0.1], np.float32)
    second = np.array([0.0, 1.0, 0.3, 2.0, 1.2, -0.5, 0.8, 0.0], np.float32)
    count = 5_000
    rows = [
        drafted((2,), id=seed, seed=seed, temperature=0.7, ignore_eos=True, **limits) for seed in range(count)
    ]
    found = sampled(rows, Logits(np.tile(np.stack([first, second]), (count, 1))))
    opening = [token_of(one).id for one in found if one.row.accepted == 0]
    following = [token_of(one).id for one in found if one.row.accepted == 1]
    assert len(opening) == count
    assert len(following) == opening.count(2), "those whose draft was right"
    for values, drawn in ((first, opening), (second, following)):
        expected = reference(values, **limits) * len(drawn)
        seen = np.bincount(drawn, minlength=8)
        assert seen[expected == 0].sum() == 0
        kept = expected > 0
        chi_square = float(((seen[kept] - expected[kept]) ** 2 / expected[kept]).sum())
        assert chi_square < 30, "7 degrees of freedom: above 26 once in 2,000 times"


def reference(logits: Any, *, top_p: float = 1.0, top_k: int = 8) -> Any:
    """The exact distribution at a temperature of 0.7."""
    weights = np.exp(logits.astype(np.float64) / 0.7)
    order = np.argsort(-weights)
    weights[order[top_k:]] = 0
    weights /= weights.sum()
    before = np.cumsum(weights[order]) - weights[order]
    weights[order[before >= top_p]] = 0
    return weights / weights.sum()
