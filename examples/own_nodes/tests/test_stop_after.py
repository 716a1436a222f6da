"""A calculator that ends its input early, tested alone."""

from __future__ import annotations

from examples.own_nodes.calculators.stop_after import StopAfterCalculator
from ovpipe.calculators.llm.packets import TextDelta
from ovpipe.testing import CalculatorRunner


def test_only_the_first_characters_pass_and_nothing_is_read_after_them() -> None:
    out = CalculatorRunner(StopAfterCalculator(characters=5)).run(
        text=[TextDelta("abc", 1, 7), TextDelta("defg", 2, 7), TextDelta("hij", 3, 7, finish="stop")]
    )
    assert out[StopAfterCalculator.short] == [TextDelta("abc", 1, 7), TextDelta("de", 2, 7)]
