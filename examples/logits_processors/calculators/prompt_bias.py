"""PromptBiasCalculator: an answer in the words of its question."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from msgspec import Meta

from ovpipe.calculator import Context
from ovpipe.calculators.engine.packets import BatchRow, LogitsRow
from ovpipe.calculators.engine.requested_processor import RequestedProcessor
from ovpipe.engines.graph.processor_arguments import ProcessorArguments
from ovpipe.registry import register


class PromptBiasArguments(ProcessorArguments, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much likelier the prompt's tokens become; below 0 less likely."""

    bias: Annotated[float, Meta(ge=-100, le=100)]


@register
class PromptBiasCalculator(RequestedProcessor[PromptBiasArguments]):
    """Adds a bias to the logits of all tokens that the prompt has.

    prompt_bias:
      calculator: PromptBiasCalculator
      inputs: {batch: batch, logits: penalised}
      outputs: {processed: biased_by_prompt}
    """

    arguments = PromptBiasArguments

    def process_row(self, cx: Context, row: BatchRow, logits: LogitsRow) -> LogitsRow:
        """The row with the bias on its request's tokens."""
        found = logits.copy()
        found[np.unique(row.request.prompt)] += np.float32(self.arguments_of(row).bias)
        return found
