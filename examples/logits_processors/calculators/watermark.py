"""WatermarkCalculator: a text that can be told apart later, by Kirchenbauer et al. (arXiv 2301.10226)."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Annotated

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from ovpipe.calculator import Context
from ovpipe.calculators.engine.packets import BatchRow, LogitsRow
from ovpipe.calculators.engine.requested_processor import RequestedProcessor
from ovpipe.engines.graph.processor_arguments import ProcessorArguments
from ovpipe.registry import register


class WatermarkArguments(ProcessorArguments, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who knows `key` and `gamma` can find the watermark."""

    gamma: Annotated[float, Meta(gt=0, lt=1)] = 0.25
    """The part of the vocabulary that is green."""
    delta: Annotated[float, Meta(ge=0, le=100)] = 2.0
    """What is added to the logits of green tokens."""
    key: Annotated[int, Meta(ge=0, le=2**63 - 1)] = 15485863


@register
class WatermarkCalculator(RequestedProcessor[WatermarkArguments]):
    """Makes the green tokens likelier: at each place another part of the vocabulary, by the token before.

    watermark:
      calculator: WatermarkCalculator
      inputs: {batch: batch, logits: penalised}
      outputs: {processed: marked}
    """

    arguments = WatermarkArguments

    def process_row(self, cx: Context, row: BatchRow, logits: LogitsRow) -> LogitsRow:
        """The row with its green tokens likelier."""
        asked = self.arguments_of(row)
        found = logits.copy()
        found[green_tokens(row.history[row.length - 1], len(logits), asked)] += np.float32(asked.delta)
        return found


def green_tokens(before: int, vocab_size: int, asked: WatermarkArguments) -> NDArray[np.int64]:
    """The green tokens after a token."""
    generator = np.random.Generator(np.random.Philox(key=[asked.key, before]))
    count = int(asked.gamma * vocab_size)
    return generator.permutation(vocab_size)[:count]


def z_score(tokens: Sequence[int], vocab_size: int, asked: WatermarkArguments) -> float:
    """How far the green tokens of a text are from chance, in standard deviations; above 4 it is marked.

    Each pair of neighbours counts once: a text that repeats itself says the same again and again.
    """
    pairs = set(itertools.pairwise(tokens))
    green = sum(token in green_tokens(before, vocab_size, asked) for before, token in pairs)
    expected = asked.gamma * len(pairs)
    return (green - expected) / math.sqrt(expected * (1 - asked.gamma))
