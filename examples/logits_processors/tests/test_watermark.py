"""The watermark: green tokens are likelier, and a text of them is found."""

from __future__ import annotations

import numpy as np
import pytest

from examples.logits_processors.calculators.watermark import (
    WatermarkArguments,
    WatermarkCalculator,
    green_tokens,
    z_score,
)
from ovpipe.calculators.engine.packets import Batch, BatchRow, Logits
from ovpipe.engines.protocol import GenerateRequest, SamplingParams
from ovpipe.testing import CalculatorRunner
from ovpipe.testing.single_node_graph import NODE

VOCABULARY = 100


def row(id: int, **processors: dict[str, float]) -> BatchRow:
    request = GenerateRequest(id, [3, 4], SamplingParams(max_tokens=5, logits_processors=processors))
    return BatchRow(request=request, seed=0, tokens=[9], past=2, blocks=(0,), length=3, history=[3, 4, 9])


def test_the_green_tokens_of_rows_that_ask_for_it_become_likelier() -> None:
    marked = row(1, **{NODE: {"gamma": 0.5, "delta": 3}})
    logits = Logits(np.zeros((2, VOCABULARY), np.float32))
    out = CalculatorRunner(WatermarkCalculator()).run(batch=[Batch((marked, row(2)))], logits=[logits])
    (found,) = out[WatermarkCalculator.processed]
    green = green_tokens(9, VOCABULARY, WatermarkArguments(gamma=0.5))
    assert np.flatnonzero(found.row(0)).tolist() == sorted(green.tolist())
    assert set(found.row(0)[green]) == {3.0}
    assert set(found.changed) == {0}


def test_other_keys_and_other_tokens_before_have_other_lists() -> None:
    asked = WatermarkArguments(gamma=0.25)
    lists = [green_tokens(before, VOCABULARY, asked) for before in (1, 2)]
    lists.append(green_tokens(1, VOCABULARY, WatermarkArguments(gamma=0.25, key=7)))
    assert all(len(one) == 25 for one in lists)
    assert len({tuple(one) for one in lists}) == 3


def test_a_text_of_green_tokens_is_found_and_one_by_chance_is_not() -> None:
    asked = WatermarkArguments()
    text = [5]
    while len(text) <= 40:
        green = green_tokens(text[-1], VOCABULARY, asked)
        text.append(next(int(token) for token in green if token not in text))
    z = (40 - 10) / (40 * 0.25 * 0.75) ** 0.5
    assert z_score(text, VOCABULARY, asked) == pytest.approx(z)
    assert z_score(text + text[:1] + text, VOCABULARY, asked) < 1.1 * z, (
        "what is there again says nothing new"
    )
    by_chance = np.random.default_rng(1).integers(VOCABULARY, size=400).tolist()
    assert abs(z_score(by_chance, VOCABULARY, asked)) < 4
