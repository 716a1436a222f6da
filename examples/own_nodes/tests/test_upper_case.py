"""A calculator's test builds it, runs it, compares. No server, no model."""

from __future__ import annotations

from examples.own_nodes.calculators.upper_case import UpperCaseCalculator
from ovpipe.calculators.llm.packets import TextDelta
from ovpipe.testing import CalculatorRunner


def test_text_is_upper_cased_and_the_counts_stay() -> None:
    out = CalculatorRunner(UpperCaseCalculator()).run(
        text=[TextDelta("straße", 1, 7), TextDelta("!", 2, 7, finish="stop")]
    )
    assert out[UpperCaseCalculator.upper] == [TextDelta("STRASSE", 1, 7), TextDelta("!", 2, 7, finish="stop")]


def test_special_tokens_stay_as_they_are() -> None:
    out = CalculatorRunner(UpperCaseCalculator()).run(text=[TextDelta("a<s>b", 3, 7, specials=((1, 4),))])
    assert out[UpperCaseCalculator.upper] == [TextDelta("A<s>B", 3, 7, specials=((1, 4),))]
