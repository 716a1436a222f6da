"""Which texts have drafts, and how many."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from ovpipe.calculators.engine.packets import Sampled, SampledToken
from ovpipe.calculators.engine.prompt_lookup import PromptLookupCalculator
from ovpipe.engines.messages import Refused
from ovpipe.engines.protocol import BeamSearch, Grammar, Token
from ovpipe.testing import CalculatorRunner
from tests.calculators.engine.rows import row

CIRCLE = (1, 2, 3, 1, 2)


def drafted(*sampled: SampledToken, **options: Any) -> list[tuple[int, ...]]:
    runner = CalculatorRunner(PromptLookupCalculator(**options))
    found: list[Sampled] = runner.run(sampled=[sampled])[PromptLookupCalculator.drafted]
    (made,) = found
    tokens = [one for one in made if isinstance(one, SampledToken)]
    assert [msgspec.structs.replace(one, drafts=()) for one in tokens] == list(sampled)
    return [one.drafts for one in tokens]


def token(id: int = 3, accepted: int = 0, **of_request: Any) -> SampledToken:
    """A token that follows 1, 2, 3, 1, 2."""
    own = row((), **{"prompt": CIRCLE, "max_tokens": 50, **of_request})
    return SampledToken(row=msgspec.structs.replace(own, accepted=accepted), token=Token(id))


def test_only_a_request_that_asks_for_it_has_drafts() -> None:
    assert drafted(token(), token(num_assistant_tokens=2), token(max_ngram_size=1)) == [
        (),
        (1, 2),
        (1, 2, 3, 1, 2),
    ]


def test_where_it_is_enabled_all_have_drafts_by_the_options_or_as_they_ask() -> None:
    options: dict[str, Any] = {"enabled": True, "num_assistant_tokens": 4}
    assert drafted(token(), token(num_assistant_tokens=1), **options) == [(1, 2, 3, 1), (1,)]


def test_no_more_is_drafted_than_the_text_may_grow_by() -> None:
    asked = [token(num_assistant_tokens=9, max_tokens=most) for most in (1, 2, 3, 5)]
    assert drafted(*asked) == [(), (), (1,), (1, 2, 3)]


def test_a_text_that_ends_has_no_drafts() -> None:
    asked = token(num_assistant_tokens=2)
    ended = msgspec.structs.replace(asked, finish="stop")
    refused = msgspec.structs.replace(asked, token=None, refusal=Refused(1, "no"))
    assert drafted(ended, refused) == [(), ()]


def test_drafts_follow_the_last_token_of_a_step_alone() -> None:
    first = token(3, num_assistant_tokens=2)
    later = SampledToken(
        row=msgspec.structs.replace(first.row, history=[*CIRCLE, 3], length=6, accepted=1), token=Token(1)
    )
    assert drafted(first, later) == [(), (2, 3)]


def test_a_text_that_follows_a_grammar_has_drafts_and_a_beam_search_has_none() -> None:
    assert drafted(token(num_assistant_tokens=2, grammar=Grammar("regex", "a"))) == [(1, 2)]
    assert drafted(token(beams=BeamSearch(width=2)), enabled=True) == [()]


def test_what_is_known_of_a_text_outlives_a_step_and_not_the_text() -> None:
    """A text that was in no step for a while, or another with its number, is read anew."""
    texts = [[5, 6, 7, 5], [5, 6, 7, 5, 6], [1, 2, 1], [5, 6, 7, 5, 6, 7]]
    steps = [
        (SampledToken(row=row(id=number, prompt=text[:-1], num_assistant_tokens=2), token=Token(text[-1])),)
        for number, text in zip((1, 1, 2, 1), texts, strict=True)
    ]
    out = CalculatorRunner(PromptLookupCalculator()).run(sampled=steps)[PromptLookupCalculator.drafted]
    assert [[one.drafts for one in step if isinstance(one, SampledToken)] for step in out] == [
        [(6, 7)],
        [(7, 5)],
        [(2, 1)],
        [(5, 6)],
    ]


@pytest.mark.parametrize("name", ["num_assistant_tokens", "max_ngram_size"])
def test_an_option_below_one_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} is 0; at least 1 is needed"):
        PromptLookupCalculator(**{name: 0})  # type: ignore[arg-type]  # which option it is, mypy does not know
