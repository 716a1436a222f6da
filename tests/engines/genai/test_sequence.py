"""What a sequence makes of what genai hands out, where a real model would take long to get there."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import openvino_genai
import pytest

from ovpipe.engines.genai.admission_queue import Demand
from ovpipe.engines.genai.sampling import SpeculativeDecoding
from ovpipe.engines.genai.sequence import LiveSequence
from ovpipe.engines.protocol import BeamSearch, GenerateRequest, SamplingParams

STATUS = openvino_genai.GenerationStatus
REASON = openvino_genai.GenerationFinishReason


class Handle:
    """Genai's handle on a text that has `length` tokens more, one a step, each as likely as 1/e."""

    def __init__(self, length: int) -> None:
        self._left = length
        self._stepped = False

    def step(self) -> None:
        self._stepped = True

    def can_read(self) -> bool:
        return self._stepped

    def read(self) -> dict[int, Any]:
        self._stepped = False
        self._left -= 1
        reason = REASON.NONE if self._left else REASON.LENGTH
        return {0: SimpleNamespace(generated_ids=[7], generated_log_probs=[-1.0], finish_reason=reason)}

    def get_status(self) -> openvino_genai.GenerationStatus:
        return STATUS.RUNNING if self._left else STATUS.FINISHED


def live(sampling: SamplingParams) -> LiveSequence:
    sequence = LiveSequence(GenerateRequest(1, [5], sampling), 0, SpeculativeDecoding(), Demand(1, 1, 1))
    sequence.handle = Handle(sampling.max_tokens)
    return sequence


@pytest.mark.parametrize(("penalty", "score"), [(2.0, -1 / 2000), (100.0, 0.0), (-100.0, -math.inf)])
def test_a_length_penalty_may_be_beyond_any_number_for_a_long_text(penalty: float, score: float) -> None:
    beams = BeamSearch(width=1, length_penalty=penalty)
    sequence = live(SamplingParams(max_tokens=2000, beams=beams))
    for _ in range(1999):
        sequence.handle.step()
        assert sequence.read() is None
    sequence.handle.step()
    delta = sequence.read()
    assert delta is not None
    assert (delta.generated, delta.finish) == (2000, "length")
    assert delta.beams[0].score == pytest.approx(score)


def test_a_generation_that_is_dropped_without_a_token_again_and_again_is_given_up() -> None:
    sequence = live(SamplingParams(max_tokens=10))
    for _ in range(3):
        for _ in range(5):
            assert sequence.rewind()
        sequence.handle.step()
        assert sequence.read() is not None  # a token: it moves on
    assert [sequence.rewind() for _ in range(20)].count(True) == 8
