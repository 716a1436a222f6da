"""Which places of a batch have logits."""

from __future__ import annotations

from typing import Any

import numpy as np

from ovpipe.calculators.engine.packets import Batch, BatchRow, Logits
from ovpipe.calculators.engine.paged_model import PagedModelCalculator
from ovpipe.testing import CalculatorRunner
from tests.calculators.engine.remembering_model import RememberingModel, next_token
from tests.calculators.engine.rows import request


def reading(history: list[int], past: int, count: int, **more: Any) -> BatchRow:
    """A row that reads `count` tokens of a sequence whose prompt is 0, 1, ... 9."""
    text = [*history, *more.get("drafts", ())]
    return BatchRow(
        request=request(prompt=tuple(range(10))),
        seed=0,
        tokens=text[past : past + count],
        past=past,
        blocks=(0, 1, 2, 3),
        length=len(history),
        history=history,
        **more,
    )


PROMPT = list(range(10))


def test_a_part_of_a_prompt_has_no_logits_and_its_end_has_one_row() -> None:
    part, end = reading(PROMPT, 0, 4), reading(PROMPT, 4, 6)
    assert (list(part.sampled_places), list(end.sampled_places)) == ([], [5])
    assert Batch((part, end)).sampled == (end,)


def test_a_row_with_drafts_is_sampled_after_each_number_of_them() -> None:
    row = reading([*PROMPT, 20], 10, 3, drafts=(21, 22))
    assert list(row.sampled_places) == [0, 1, 2]
    found = Batch((row,)).sampled
    assert [one.completion for one in found] == [[20], [20, 21], [20, 21, 22]]
    assert [(one.generated, one.tokens, one.drafts) for one in found] == [
        (1, [20], ()),
        (2, [20, 21], ()),
        (3, [20, 21, 22], ()),
    ]
    assert all(one.samples for one in found)


def test_a_later_token_of_the_sequence_is_no_part_of_what_a_draft_follows() -> None:
    row = reading([*PROMPT, 20], 10, 2, drafts=(21,))
    row.history.append(99)  # type: ignore[attr-defined]  # a list here, as the scheduler's
    assert [one.completion for one in Batch((row,)).sampled] == [[20], [20, 21]]


def test_places_of_the_prompt_are_scored_from_where_it_says_to_the_one_before_its_end() -> None:
    assert list(reading(PROMPT, 0, 4).scored_places) == []
    assert list(reading(PROMPT, 0, 4, scores_from=0).scored_places) == [0, 1, 2, 3]
    assert list(reading(PROMPT, 4, 6, scores_from=5).scored_places) == [0, 1, 2, 3, 4]
    assert list(reading(PROMPT, 4, 6, scores_from=8).scored_places) == [3, 4]
    assert list(reading([*PROMPT, 20, 21], 0, 12, scores_from=9).scored_places) == [8]
    assert list(reading([*PROMPT, 20, 21], 10, 2, scores_from=0).scored_places) == []


def test_the_model_gives_the_sampled_places_first_and_then_those_of_the_prompts() -> None:
    scored, drafted = reading(PROMPT, 0, 10, scores_from=8), reading([*PROMPT, 20], 0, 12, drafts=(21,))
    drafted = BatchRow(
        **{name: getattr(drafted, name) for name in drafted.__struct_fields__} | {"blocks": (4, 5, 6, 7)}
    )
    out = CalculatorRunner(PagedModelCalculator()).run(
        batch=[Batch((scored, drafted))], model=RememberingModel(4)
    )
    (logits,) = out[PagedModelCalculator.logits]
    assert logits.raw.argmax(axis=1).tolist() == [
        next_token(PROMPT),
        next_token([*PROMPT, 20]),
        next_token([*PROMPT, 20, 21]),
    ]
    assert logits.prompt.argmax(axis=1).tolist() == [next_token(PROMPT[:8]), next_token(PROMPT[:9])]


def test_what_processors_change_leaves_the_prompt_s_logits() -> None:
    prompt = np.ones((2, 8), np.float32)
    changed = Logits(np.zeros((1, 8), np.float32), prompt=prompt).with_rows({0: np.ones(8, np.float32)})
    assert changed.prompt is prompt
    assert Logits(np.zeros((1, 8), np.float32)).prompt.shape == (0, 8)
