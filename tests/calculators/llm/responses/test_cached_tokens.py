"""How many tokens of the prompts stood in the engine's cache, in the usage."""

from __future__ import annotations

from ovpipe.calculators.llm.packets import OutputDelta, Prompt
from ovpipe.calculators.llm.responses.shared import TokenCounts


def usage(*cached: tuple[int, int, int | None]) -> object:
    """Of prompts of ten tokens: prompt, choice, and the tokens of it that were there."""
    counts = TokenCounts((Prompt((1,) * 10),) * 2, reasoning=False)
    for prompt, choice, found in cached:
        counts.last[prompt, choice] = OutputDelta((), 1, 10, None, prompt, choice, cached_tokens=found)
    return counts.usage().get("prompt_tokens_details")


def test_prompts_are_added_up() -> None:
    assert usage((0, 0, 4), (1, 0, 8)) == {"cached_tokens": 12}


def test_of_several_choices_the_one_that_read_most_counts() -> None:
    assert usage((0, 0, 0), (0, 1, 8)) == {"cached_tokens": 0}


def test_an_engine_that_does_not_know_says_nothing() -> None:
    assert usage((0, 0, None)) is None
