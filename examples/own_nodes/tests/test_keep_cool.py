"""A calculator's test builds it, runs it, compares. No server, no model."""

from __future__ import annotations

import pytest

from examples.own_nodes.calculators.keep_cool import KeepCoolCalculator
from ovpipe.calculators.llm.packets import CompletionRequest
from ovpipe.testing import CalculatorRunner


@pytest.mark.parametrize(("asked", "given"), [(0.2, 0.2), (1.5, 0.5)])
def test_no_request_is_hotter_than_the_limit(asked: float, given: float) -> None:
    request = CompletionRequest(id="1", created=1, model="m", prompts=("p",), temperature=asked)
    out = CalculatorRunner(KeepCoolCalculator(temperature=0.5)).run(request=[request])
    assert out[KeepCoolCalculator.cool][0].temperature == given
