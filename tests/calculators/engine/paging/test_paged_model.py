"""A model in one form or two, over one cache. With a real model, in f32."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ovpipe.calculators.engine.packets import BatchRow
from ovpipe.calculators.engine.paging.paged_model import PagedModel
from ovpipe.calculators.engine.paging.step_costs import FormCosts, StepCosts
from ovpipe.engines.batching_options import EXACT
from tests.calculators.engine.rows import request
from tests.engines.cores import MODEL, a_prompt

# By these the first form decodes, the second reads prompts, and a step with both is read by both.
EACH_ITS_OWN = StepCosts(FormCosts([1, 8, 9], [1, 1, 1e9]), FormCosts([1, 1_000], [1e3, 1e6]))


def model(**options: Any) -> PagedModel:
    return PagedModel(
        MODEL / "openvino_model.xml", device="CPU", properties=EXACT, num_kv_blocks=8, **options
    )


def two_forms() -> PagedModel:
    made = model(prefill_properties={**EXACT, "NUM_STREAMS": 1})
    made.costs = EACH_ITS_OWN
    return made


def part(tokens: list[int], begin: int, end: int, blocks: tuple[int, ...], scores: bool = False) -> BatchRow:
    """The tokens from `begin` to `end` of a sequence."""
    return BatchRow(
        request=request(prompt=tuple(tokens)),
        seed=0,
        tokens=tokens[begin:end],
        past=begin,
        blocks=blocks,
        length=len(tokens),
        history=tokens,
        scores_from=0 if scores else None,
    )


FIRST, SECOND, THIRD = (a_prompt(length, seed=length) for length in (40, 50, 33))
STEPS = [
    [part(FIRST, 0, 39, (0, 1)), part(THIRD, 0, 32, (4, 5))],
    # Of two texts the last token, between them and behind them parts of a prompt; one is scored.
    [part(FIRST, 39, 40, (0, 1)), part(SECOND, 0, 30, (2, 3), scores=True), part(THIRD, 32, 33, (4, 5))],
    [part(SECOND, 30, 50, (2, 3), scores=True), part([*FIRST, 5], 40, 41, (0, 1))],
]


def test_two_forms_write_one_cache_and_their_logits_stand_in_the_rows_order() -> None:
    one, two = model(), two_forms()
    ways = [EACH_ITS_OWN.way(*counts) for counts in ((2, 0), (0, 30), (2, 30))]
    assert ways == ["decode", "prefill", "both"]
    for rows in STEPS:
        np.testing.assert_allclose(two.read(rows), one.read(rows), rtol=1e-4, atol=1e-4)


def test_greedy_tokens_are_the_same_in_one_form_and_in_two() -> None:
    def completion(made: PagedModel) -> list[int]:
        tokens, past = list(FIRST), 0
        while len(tokens) < 60:
            beside = part(SECOND[: past + 1], past, past + 1, (2, 3)) if past else part(SECOND, 0, 30, (2, 3))
            logits = made.read([beside, part(tokens, past, len(tokens), (0, 1))])
            past = len(tokens)
            tokens.append(int(logits[-1].argmax()))
        return tokens

    assert completion(two_forms()) == completion(model())


def test_two_forms_share_the_memory_of_the_cache() -> None:
    assert two_forms().cache_bytes == model().cache_bytes


def test_measuring_the_forms_leaves_a_model_that_reads_as_before() -> None:
    made = model(prefill_properties={**EXACT, "NUM_STREAMS": 1})
    made.measure_forms()
    assert made.costs is not None
    assert made.costs.decode.tokens == made.costs.prefill.tokens == [1, 8]
    (alone,) = model().read([part(FIRST, 0, 40, (0, 1))])
    (measured,) = made.read([part(FIRST, 0, 40, (0, 1))])
    np.testing.assert_allclose(measured, alone, rtol=1e-4, atol=1e-4)


def test_forms_whose_caches_differ_are_refused_with_what_to_do() -> None:
    with pytest.raises(
        ValueError, match=r"cannot share their cache: .* f32 .* u8 .*prefill_precision to same"
    ):
        model(prefill_properties={**EXACT, "KV_CACHE_PRECISION": "u8"})


def test_logits_are_the_model_s_own_memory_and_not_to_be_written_to() -> None:
    logits = model().read([part(FIRST, 0, 40, (0, 1))])
    with pytest.raises(ValueError, match="read-only"):
        logits[0, 0] = 1


def test_no_rows_give_no_logits() -> None:
    assert model().read([]).shape[0] == 0
