"""AllowedTokensCalculator: a completion of certain tokens only."""

from __future__ import annotations

import numpy as np

from ovpipe.calculator import Context
from ovpipe.calculators.engine.logits_processor import LogitsProcessor
from ovpipe.calculators.engine.packets import BatchRow, LogitsRow
from ovpipe.registry import register


@register
class AllowedTokensCalculator(LogitsProcessor):
    """Forbids all tokens but a request's `allowed_token_ids`.

    allowed_tokens:
      calculator: AllowedTokensCalculator
      inputs: {batch: batch, logits: logits}
      outputs: {processed: allowed}
    """

    capabilities = frozenset({"allowed_token_ids"})

    def uses(self, row: BatchRow) -> bool:
        """Whether its request allows certain tokens only."""
        return row.sampling.allowed_token_ids is not None

    def process_row(self, cx: Context, row: BatchRow, logits: LogitsRow) -> LogitsRow | None:
        """A row in which only these can be chosen."""
        allowed = list(row.sampling.allowed_token_ids or ())
        found = np.full_like(logits, -np.inf)
        found[allowed] = logits[allowed]
        return found
