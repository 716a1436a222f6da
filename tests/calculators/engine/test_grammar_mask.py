"""A completion follows its grammar, whatever else is in the batch and whatever became of it before."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from ovpipe.calculators.engine.grammar_mask import GrammarMaskCalculator
from ovpipe.calculators.engine.grammars.grammar_pool import GrammarPool
from ovpipe.calculators.engine.packets import Batch, BatchRow, Logits
from ovpipe.engines.grammars.masks.token_table import token_table
from ovpipe.engines.protocol import Grammar
from ovpipe.testing import CalculatorRunner
from ovpipe.tokenizers.vocabulary import Vocabulary
from tests.calculators.engine.rows import row

TOKENS = [b"a", b"b", b"ab", b"\xc3", b"\xa4", b"", b"<pad>", b"<eos>"]
A, B, AB, HALF, OTHER_HALF, NOTHING, PAD, EOS = range(8)


@pytest.fixture
def grammars() -> Iterator[GrammarPool]:
    vocabulary = Vocabulary(TOKENS, frozenset({PAD, EOS}), plain_bytes=True)
    pool = GrammarPool(token_table(vocabulary, size=10, eos_token_ids={EOS}))
    yield pool
    pool.close()


def following(pattern: str, *completion: int, id: int = 1) -> BatchRow:
    return row(completion, id=id, grammar=Grammar("regex", pattern))


def processed(grammars: GrammarPool, *batches: tuple[BatchRow, ...]) -> list[Logits]:
    """What the node makes of each batch; every logit is 0 before."""
    for request in {one.request.id: one.request for rows in batches for one in rows}.values():
        grammars.hold(request)
    runner = CalculatorRunner(GrammarMaskCalculator())
    out = runner.run(
        batch=[Batch(rows) for rows in batches],
        logits=[Logits(np.zeros((len(rows), 10), np.float32)) for rows in batches],
        grammars=grammars,
    )
    return out[GrammarMaskCalculator.processed]


def allowed(logits: Logits, number: int = 0) -> set[int]:
    return set(np.flatnonzero(np.isfinite(logits.row(number))).tolist())


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (following("ab?"), {A, AB}),
        (following("ab?", A), {B, EOS}),
        (following("ab?", AB), {EOS}),
        (following("ä"), {HALF}),
        (following("ä", HALF), {OTHER_HALF}),
        (following("[^x]"), {A, B, HALF}),
    ],
    ids=["a beginning", "may go on or end", "must end", "half a character", "its other half", "any"],
)
def test_what_may_follow(grammars: GrammarPool, row: BatchRow, expected: set[int]) -> None:
    (found,) = processed(grammars, (row,))
    assert allowed(found) == expected


def test_a_row_without_a_grammar_stays_the_array_that_it_was(grammars: GrammarPool) -> None:
    (found,) = processed(grammars, (row(), following("a", id=2)))
    assert set(found.changed) == {1}


def test_a_text_goes_on_from_step_to_step_and_leaps_and_turns_back(grammars: GrammarPool) -> None:
    steps = processed(
        grammars,
        (following("(ab)*a"),),
        (following("(ab)*a", A),),
        (following("(ab)*a", A, B, AB, A),),
        (following("(ab)*a", AB, A),),
    )
    assert [allowed(step) for step in steps] == [{A, AB}, {B, EOS}, {B, EOS}, {B, EOS}]


def test_a_sequence_that_was_in_no_batch_for_a_while_follows_its_grammar_still(grammars: GrammarPool) -> None:
    steps = processed(grammars, (following("aba?", A),), (row(id=2),), (following("aba?", A, B),))
    assert allowed(steps[-1]) == {A, EOS}


def test_rows_of_one_request_with_different_texts_do_not_mix(grammars: GrammarPool) -> None:
    rows = (following("ab|ba", A), following("ab|ba", B), following("ab|ba"), following("ab|ba", A, A))
    for found in processed(grammars, rows, rows):
        assert [allowed(found, number) for number in range(3)] == [{B}, {A}, {A, B, AB}]
        assert set(found.changed) == {0, 1, 2}, "no draft of what is forbidden refuses its request"
        assert not found.refused


def test_a_grammar_that_is_none_refuses_its_row_and_no_other(grammars: GrammarPool) -> None:
    (found,) = processed(grammars, (following("(", id=1), following("b", id=2), row(id=3)))
    assert set(found.refused) == {0}
    assert "the expression has a group at position 0 that nothing closes" in found.refused[0].message
    assert allowed(found, 1) == {B}


def test_a_text_that_its_grammar_forbids_is_refused(grammars: GrammarPool) -> None:
    (found,) = processed(grammars, (following("b", A),))
    assert set(found.refused) == {0}


def test_a_grammar_that_makes_too_much_work_refuses_its_row_and_no_other(grammars: GrammarPool) -> None:
    (found,) = processed(grammars, (following("([ab]{1,1000}a){1,1000}", *[A] * 400), following("b", id=2)))
    assert "too many expressions" in found.refused[0].message
    assert allowed(found, 1) == {B}
