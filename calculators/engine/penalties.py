"""PenaltiesCalculator: tokens that were there before become less likely."""

from __future__ import annotations

import numpy as np

from ovpipe.calculator import Context
from ovpipe.calculators.engine.logits_processor import LogitsProcessor
from ovpipe.calculators.engine.packets import BatchRow, LogitsRow
from ovpipe.registry import register


@register
class PenaltiesCalculator(LogitsProcessor):
    """repetition_penalty, frequency_penalty and presence_penalty, as vLLM has them.

    The first divides the logits above 0 of all tokens in prompt and completion, and multiplies those below 0.
    The others are subtracted for the tokens of the completion: `frequency_penalty` for each time one was
    there, `presence_penalty` once.

        penalties:
          calculator: PenaltiesCalculator
          inputs: {batch: batch, logits: logits}
          outputs: {processed: penalised}
    """

    capabilities = frozenset({"repetition_penalty", "frequency_penalty", "presence_penalty"})

    def uses(self, row: BatchRow) -> bool:
        """Whether its request has a penalty."""
        asked = row.sampling
        return (asked.repetition_penalty, asked.frequency_penalty, asked.presence_penalty) != (1, 0, 0)

    def process_row(self, cx: Context, row: BatchRow, logits: LogitsRow) -> LogitsRow | None:
        """A row with its request's penalties."""
        return penalised(self.copy_of(logits), row)


def penalised(logits: LogitsRow, row: BatchRow) -> LogitsRow:
    """A row's logits with its request's penalties, which are written to."""
    sampling = row.sampling
    if sampling.repetition_penalty != 1:
        seen = np.unique(np.asarray(row.history[: row.length], np.int64))
        values, penalty = logits[seen], np.float32(sampling.repetition_penalty)
        logits[seen] = np.where(values > 0, values / penalty, values * penalty)
    if row.generated and (sampling.frequency_penalty or sampling.presence_penalty):
        tokens, counts = np.unique(np.asarray(row.completion, np.int64), return_counts=True)
        logits[tokens] -= np.float32(sampling.frequency_penalty) * counts.astype(np.float32)
        logits[tokens] -= np.float32(sampling.presence_penalty)
    return logits
