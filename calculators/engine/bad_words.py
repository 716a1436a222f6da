"""BadWordsCalculator: sequences of tokens that no completion has."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ovpipe.calculator import Context
from ovpipe.calculators.engine.logits_processor import LogitsProcessor
from ovpipe.calculators.engine.packets import BatchRow, LogitsRow
from ovpipe.registry import register


@register
class BadWordsCalculator(LogitsProcessor):
    """Forbids the last token of each of a request's `bad_words` where the completion ends with the others.

    bad_words:
      calculator: BadWordsCalculator
      inputs: {batch: batch, logits: logits}
      outputs: {processed: clean}
    """

    capabilities = frozenset({"bad_words"})

    def uses(self, row: BatchRow) -> bool:
        """Whether its request forbids any."""
        return bool(row.sampling.bad_words)

    def process_row(self, cx: Context, row: BatchRow, logits: LogitsRow) -> LogitsRow | None:
        """A row in which no word comes to its end."""
        forbidden = list(last_tokens(row))
        if not forbidden:
            return None
        found = self.copy_of(logits)
        found[forbidden] = -np.inf
        return found


def last_tokens(row: BatchRow) -> Iterator[int]:
    """The tokens that would complete a word."""
    for word in row.sampling.bad_words:
        begin = len(word) - 1
        if begin <= row.generated and tuple(row.history[row.length - begin : row.length]) == word[:begin]:
            yield word[-1]
