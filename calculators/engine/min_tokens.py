"""MinTokensCalculator: nothing ends a completion before it has min_tokens tokens."""

from __future__ import annotations

import numpy as np

from ovpipe.calculator import Calculator, Context
from ovpipe.calculators.engine.packets import Batch, BatchRow, Logits, LogitsRow
from ovpipe.calculators.engine.sampling.endings import end_tokens
from ovpipe.engines.graph.model_facts import ModelFacts
from ovpipe.ports import Input, Output, SideInput
from ovpipe.registry import register


@register
class MinTokensCalculator(Calculator):
    """Keeps away the tokens that would end a completion shorter than its request's `min_tokens`.

    min_tokens:
      calculator: MinTokensCalculator
      side_inputs: {facts: facts}
      inputs: {batch: batch, logits: penalised}
      outputs: {processed: processed}
    """

    batch = Input[Batch]()
    logits = Input[Logits]()
    processed = Output[Logits]()
    facts = SideInput[ModelFacts]()

    def process(self, cx: Context) -> None:
        """Changes the rows of completions that are too short to end."""
        logits, eos = cx[self.logits], cx[self.facts].eos_token_ids
        changed = {
            number: without_end(logits.row(number), row, eos)
            for number, row in enumerate(cx[self.batch].sampled)
            if row.generated < row.sampling.min_tokens
        }
        cx.send(self.processed, logits.with_rows(changed))


def without_end(logits: LogitsRow, row: BatchRow, eos_token_ids: frozenset[int]) -> LogitsRow:
    """A row in which no token that ends its completion can be chosen."""
    found = logits.copy()
    found[sorted(end_tokens(row.sampling, eos_token_ids))] = -np.inf
    return found
