"""BadWordsCalculator: sequences of tokens that no completion has."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ovpipe.calculator import Calculator, Context
from ovpipe.calculators.engine.packets import Batch, BatchRow, Logits
from ovpipe.ports import Input, Output
from ovpipe.registry import register


@register
class BadWordsCalculator(Calculator):
    """Forbids the last token of each of a request's `bad_words` where the completion ends with the others.

    bad_words:
      calculator: BadWordsCalculator
      inputs: {batch: batch, logits: logits}
      outputs: {processed: clean}
    """

    batch = Input[Batch]()
    logits = Input[Logits]()
    processed = Output[Logits]()

    def process(self, cx: Context) -> None:
        """Changes the rows in which a word would come to its end."""
        logits = cx[self.logits]
        changed = {}
        for number, row in enumerate(cx[self.batch].sampled):
            forbidden = list(last_tokens(row))
            if forbidden:
                changed[number] = logits.row(number).copy()
                changed[number][forbidden] = -np.inf
        cx.send(self.processed, logits.with_rows(changed))


def last_tokens(row: BatchRow) -> Iterator[int]:
    """The tokens that would complete a word."""
    for word in row.sampling.bad_words:
        begin = len(word) - 1
        if begin <= row.generated and tuple(row.history[row.length - begin : row.length]) == word[:begin]:
            yield word[-1]
