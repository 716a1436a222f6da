"""The tokens of the prompt become likelier, the others stay as they are."""

from __future__ import annotations

import numpy as np

from examples.logits_processors.calculators.prompt_bias import PromptBiasCalculator
from ovpipe.calculators.engine.packets import Batch, BatchRow, Logits
from ovpipe.engines.protocol import GenerateRequest, SamplingParams
from ovpipe.testing import CalculatorRunner
from ovpipe.testing.single_node_graph import NODE


def test_each_token_of_the_prompt_gets_the_bias_once() -> None:
    sampling = SamplingParams(max_tokens=5, logits_processors={NODE: {"bias": -2.5}})
    request = GenerateRequest(1, [3, 1, 3], sampling)
    row = BatchRow(request=request, seed=0, tokens=[0], past=3, blocks=(0,), length=4, history=[3, 1, 3, 0])
    out = CalculatorRunner(PromptBiasCalculator()).run(
        batch=[Batch((row,))], logits=[Logits(np.ones((1, 5), np.float32))]
    )
    (found,) = out[PromptBiasCalculator.processed]
    assert found.row(0).tolist() == [1, -1.5, 1, -1.5, 1]
