"""PenaltiesCalculator: tokens that were there before become less likely."""

from __future__ import annotations

import numpy as np

from ovpipe.calculator import Calculator, Context
from ovpipe.calculators.engine.packets import Batch, BatchRow, Logits, LogitsRow
from ovpipe.ports import Input, Output
from ovpipe.registry import register


@register
class PenaltiesCalculator(Calculator):
    """repetition_penalty, frequency_penalty and presence_penalty, as vLLM has them.

    The first divides the logits above 0 of all tokens in prompt and completion, and multiplies those below 0.
    The others are subtracted for the tokens of the completion: `frequency_penalty` for each time one was
    there, `presence_penalty` once. A row whose request asks for none of them costs nothing.

        penalties:
          calculator: PenaltiesCalculator
          inputs: {batch: batch, logits: logits}
          outputs: {processed: penalised}
    """

    batch = Input[Batch]()
    logits = Input[Logits]()
    processed = Output[Logits]()

    def process(self, cx: Context) -> None:
        """Changes the rows that have a penalty."""
        logits = cx[self.logits]
        rows = enumerate(cx[self.batch].sampled)
        changed = {number: penalised(logits.row(number), row) for number, row in rows if _has_penalty(row)}
        cx.send(self.processed, logits.with_rows(changed))


def _has_penalty(row: BatchRow) -> bool:
    sampling = row.sampling
    return (
        sampling.repetition_penalty != 1 or sampling.frequency_penalty != 0 or sampling.presence_penalty != 0
    )


def penalised(logits: LogitsRow, row: BatchRow) -> LogitsRow:
    """A row's logits with its request's penalties."""
    found = logits.copy()
    sampling = row.sampling
    if sampling.repetition_penalty != 1:
        seen = np.unique(np.asarray(row.history[: row.length], np.int64))
        values, penalty = found[seen], np.float32(sampling.repetition_penalty)
        found[seen] = np.where(values > 0, values / penalty, values * penalty)
    if row.generated and (sampling.frequency_penalty or sampling.presence_penalty):
        tokens, counts = np.unique(np.asarray(row.completion, np.int64), return_counts=True)
        found[tokens] -= np.float32(sampling.frequency_penalty) * counts.astype(np.float32)
        found[tokens] -= np.float32(sampling.presence_penalty)
    return found
