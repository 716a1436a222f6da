"""AllowedTokensCalculator: a completion of certain tokens only."""

from __future__ import annotations

import numpy as np

from ovpipe.calculator import Calculator, Context
from ovpipe.calculators.engine.packets import Batch, Logits, LogitsRow
from ovpipe.ports import Input, Output
from ovpipe.registry import register


@register
class AllowedTokensCalculator(Calculator):
    """Forbids all tokens but a request's `allowed_token_ids`. A row without them costs nothing.

    allowed_tokens:
      calculator: AllowedTokensCalculator
      inputs: {batch: batch, logits: logits}
      outputs: {processed: allowed}
    """

    batch = Input[Batch]()
    logits = Input[Logits]()
    processed = Output[Logits]()

    def process(self, cx: Context) -> None:
        """Changes the rows whose tokens are limited."""
        logits = cx[self.logits]
        changed = {
            number: limited(logits.row(number), row.sampling.allowed_token_ids)
            for number, row in enumerate(cx[self.batch].sampled)
            if row.sampling.allowed_token_ids is not None
        }
        cx.send(self.processed, logits.with_rows(changed))


def limited(logits: LogitsRow, allowed: tuple[int, ...]) -> LogitsRow:
    """A row in which only these can be chosen."""
    found = np.full_like(logits, -np.inf)
    places = list(allowed)
    found[places] = logits[places]
    return found
