"""LogitBiasCalculator: some tokens become likelier, or less likely."""

from __future__ import annotations

import numpy as np

from ovpipe.calculator import Context
from ovpipe.calculators.engine.logits_processor import LogitsProcessor
from ovpipe.calculators.engine.packets import BatchRow, LogitsRow
from ovpipe.registry import register


@register
class LogitBiasCalculator(LogitsProcessor):
    """Adds a request's `logit_bias` to the logits of its tokens.

    logit_bias:
      calculator: LogitBiasCalculator
      inputs: {batch: batch, logits: logits}
      outputs: {processed: biased}
    """

    capabilities = frozenset({"logit_bias"})

    def uses(self, row: BatchRow) -> bool:
        """Whether its request has a bias."""
        return bool(row.sampling.logit_bias)

    def process_row(self, cx: Context, row: BatchRow, logits: LogitsRow) -> LogitsRow | None:
        """The row with the bias."""
        bias = row.sampling.logit_bias
        found = self.copy_of(logits)
        found[list(bias)] += np.array(list(bias.values()), np.float32)
        return found
