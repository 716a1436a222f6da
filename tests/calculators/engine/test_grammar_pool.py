"""Grammars are compiled beside the steps, and not more are kept than are used."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ovpipe.calculators.engine.grammar_pool import GrammarPoolCalculator
from ovpipe.calculators.engine.grammars.grammar_pool import GrammarPool
from ovpipe.engines.grammars.masks.token_table import token_table
from ovpipe.engines.grammars.verdicts import GrammarRefused
from ovpipe.engines.protocol import GenerateRequest, Grammar
from ovpipe.testing import CalculatorRunner
from ovpipe.tokenizers.vocabulary import Vocabulary
from tests.calculators.engine.rows import FACTS, request

LARGE = 600_000
"""Bytes; four small grammars take less."""


@pytest.fixture
def pool() -> Iterator[GrammarPool]:
    vocabulary = Vocabulary([b"a", b"<eos>"], frozenset({1}), plain_bytes=True)
    pool = GrammarPool(token_table(vocabulary, size=2, eos_token_ids={1}), most_bytes=LARGE)
    yield pool
    pool.close()


def asking(id: int, pattern: str = "a") -> GenerateRequest:
    return request(id, grammar=Grammar("regex", pattern))


def test_a_request_is_ready_once_its_grammar_is_compiled(pool: GrammarPool) -> None:
    pool.hold(asking(1))
    pool.wait([1], 60)
    assert pool.is_ready(1)
    assert pool.begin(1).go_to([0])


def test_without_a_grammar_a_request_is_ready_at_once(pool: GrammarPool) -> None:
    pool.hold(request(1))
    assert pool.is_ready(1)
    pool.release(1)


def test_a_refused_grammar_is_ready_too_and_says_so_when_it_is_used(pool: GrammarPool) -> None:
    pool.hold(asking(1, "("))
    pool.wait([1], 60)
    assert pool.is_ready(1)
    with pytest.raises(GrammarRefused, match="nothing closes"):
        pool.begin(1)


def test_each_request_has_a_text_of_its_own(pool: GrammarPool) -> None:
    pool.hold(asking(1))
    pool.hold(asking(2))
    one, other = pool.begin(1), pool.begin(2)
    assert one.go_to([0])
    assert not one.go_to([0, 0])
    assert other.go_to([0])


def test_what_is_held_is_kept_and_of_the_others_those_used_last_as_far_as_there_is_room(
    pool: GrammarPool,
) -> None:
    pattern = "a" * 1000
    for number in range(5):
        pool.hold(asking(number, f"{pattern}{number}"))
    of_each = pool.bytes_kept // 5
    assert of_each * 5 > LARGE > of_each * 3
    for number in (1, 2, 0):
        pool.release(number)
    assert len(pool) == 3, "two are held, and one is kept of those that were"
    pool.hold(asking(6, f"{pattern}0"))
    assert len(pool) == 3, "that was the one released last"
    assert pool.bytes_kept <= LARGE


def test_thousands_of_grammars_take_no_more_than_they_may(pool: GrammarPool) -> None:
    for number in range(3000):
        pool.hold(asking(number, f"a{{{number}}}"))
        pool.release(number)
    assert pool.bytes_kept <= LARGE


def test_what_following_a_grammar_adds_to_it_counts() -> None:
    vocabulary = Vocabulary([bytes((code,)) for code in range(256)], frozenset(), plain_bytes=True)
    pool = GrammarPool(token_table(vocabulary, size=257, eos_token_ids={256}))
    pool.hold(asking(1, "(.*a.{18}|[^b]*c.{12}){1,9}"))
    before, text = pool.bytes_kept, pool.begin(1)
    written: list[int] = []
    for code in b"abcabcaabbcc" * 4:
        list(pool.masks([text], 257))
        written.append(code)
        text.go_to(written)
    pool.close()
    assert pool.bytes_kept > before


def test_the_node_makes_one_of_a_model_s_folder(tmp_path: Path) -> None:
    out = CalculatorRunner(GrammarPoolCalculator(models_path=str(tmp_path))).run(facts=FACTS)
    with pytest.raises(GrammarRefused, match=r"no openvino_tokenizer\.xml"):
        out[GrammarPoolCalculator.grammars].compiled(Grammar("regex", "a"))
