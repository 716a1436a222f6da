"""LogitBiasCalculator: some tokens become likelier, or less likely."""

from __future__ import annotations

import numpy as np

from ovpipe.calculator import Calculator, Context
from ovpipe.calculators.engine.packets import Batch, Logits, LogitsRow
from ovpipe.ports import Input, Output
from ovpipe.registry import register


@register
class LogitBiasCalculator(Calculator):
    """Adds a request's `logit_bias` to the logits of its tokens. A row without one costs nothing.

    logit_bias:
      calculator: LogitBiasCalculator
      inputs: {batch: batch, logits: logits}
      outputs: {processed: biased}
    """

    batch = Input[Batch]()
    logits = Input[Logits]()
    processed = Output[Logits]()

    def process(self, cx: Context) -> None:
        """Changes the rows that have a bias."""
        logits = cx[self.logits]
        changed = {
            number: biased(logits.row(number), row.sampling.logit_bias)
            for number, row in enumerate(cx[self.batch].sampled)
            if row.sampling.logit_bias
        }
        cx.send(self.processed, logits.with_rows(changed))


def biased(logits: LogitsRow, bias: dict[int, float]) -> LogitsRow:
    """A row with the bias."""
    found = logits.copy()
    found[list(bias)] += np.array(list(bias.values()), np.float32)
    return found
