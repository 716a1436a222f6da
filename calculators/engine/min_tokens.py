"""MinTokensCalculator: nothing ends a completion before it has min_tokens tokens."""

from __future__ import annotations

import numpy as np

from ovpipe.calculator import Context
from ovpipe.calculators.engine.logits_processor import LogitsProcessor
from ovpipe.calculators.engine.packets import BatchRow, LogitsRow
from ovpipe.calculators.engine.sampling.endings import end_tokens
from ovpipe.engines.graph.model_facts import ModelFacts
from ovpipe.ports import SideInput
from ovpipe.registry import register


@register
class MinTokensCalculator(LogitsProcessor):
    """Keeps away the tokens that would end a completion shorter than its request's `min_tokens`.

    min_tokens:
      calculator: MinTokensCalculator
      side_inputs: {facts: facts}
      inputs: {batch: batch, logits: penalised}
      outputs: {processed: processed}
    """

    capabilities = frozenset({"min_tokens"})
    facts = SideInput[ModelFacts]()

    def uses(self, row: BatchRow) -> bool:
        """Whether its completion is shorter than it may be."""
        return row.generated < row.sampling.min_tokens

    def process_row(self, cx: Context, row: BatchRow, logits: LogitsRow) -> LogitsRow | None:
        """A row in which no token that ends its completion can be chosen."""
        found = self.copy_of(logits)
        found[sorted(end_tokens(row.sampling, cx[self.facts].eos_token_ids))] = -np.inf
        return found
