"""Rows and batches, for tests of the nodes of an engine's step."""

from __future__ import annotations

from typing import Any

import numpy as np

from ovpipe.calculators.engine.packets import BatchRow, Logits
from ovpipe.engines.graph.model_facts import ModelFacts
from ovpipe.engines.protocol import GenerateRequest, SamplingParams

FACTS = ModelFacts(
    vocab_size=8,
    context_length=64,
    eos_token_ids=frozenset({7}),
    cache_bytes=0,
    generation_config={},
)


def request(
    id: int = 1, prompt: tuple[int, ...] = (1, 2), priority: int = 0, **sampling: Any
) -> GenerateRequest:
    """A greedy one of ten tokens unless told otherwise."""
    params = SamplingParams(**{"max_tokens": 10, "temperature": 0.0, **sampling})
    return GenerateRequest(id, list(prompt), params, priority)


def row(completion: tuple[int, ...] = (), *, seed: int = 0, **of_request: Any) -> BatchRow:
    """A row that reads the last token of a sequence, so that another follows."""
    asked = request(**of_request)
    history = [*asked.prompt, *completion]
    return BatchRow(
        request=asked,
        seed=seed,
        tokens=history[-1:],
        past=len(history) - 1,
        blocks=(0,),
        length=len(history),
        history=history,
    )


def logits(*rows: list[float]) -> Logits:
    return Logits(np.array(rows, np.float32))
