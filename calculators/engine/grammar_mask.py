"""GrammarMaskCalculator: a completion that follows a grammar."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ovpipe.calculator import Context
from ovpipe.calculators.engine.grammars.grammar_pool import GrammarPool
from ovpipe.calculators.engine.logits_processor import LogitsProcessor
from ovpipe.calculators.engine.packets import BatchRow, LogitsRow
from ovpipe.engines.grammars.masks.followed_text import FollowedText
from ovpipe.engines.grammars.verdicts import GrammarRefused
from ovpipe.engines.protocol import RequestRefused
from ovpipe.ports import SideInput
from ovpipe.registry import register


@register
class GrammarMaskCalculator(LogitsProcessor):
    """Forbids all tokens that a request's grammar does not allow next.

    Where a text is complete, a token that ends it is allowed, too; where nothing else can follow, it is the
    only one. A request is refused where its grammar cannot be compiled, or makes too much work.

    It stands behind all other processors: what they do cannot break the grammar. The masks of a step are
    computed together, by all processors of the machine.

        grammar_mask:
          calculator: GrammarMaskCalculator
          side_inputs: {grammars: grammars}
          inputs: {batch: batch, logits: long_enough}
          outputs: {processed: processed}
    """

    capabilities = frozenset({"structured_outputs"})
    grammars = SideInput[GrammarPool]()

    def __init__(self) -> None:
        self._texts: dict[tuple[int, int, int], FollowedText] = {}
        """Of the latest step's rows; after a preemption a text is followed anew. By request, sequence, and
        place among the rows of that sequence."""
        self._masks: dict[int, NDArray[np.bool_] | RequestRefused] = {}
        """Of this step's rows, by their `id`: what may follow, or why nothing can."""

    def uses(self, row: BatchRow) -> bool:
        """Whether the row follows a grammar."""
        return row.sampling.grammar is not None

    def process(self, cx: Context) -> None:
        """Makes the masks of all rows together, and then goes from row to row."""
        rows = [row for row in cx[self.batch].sampled if self.uses(row)]
        self._masks = {}
        if rows:
            self._make_masks(rows, cx[self.grammars], cx[self.logits].raw.shape[1])
        super().process(cx)

    def process_row(self, cx: Context, row: BatchRow, logits: LogitsRow) -> LogitsRow | None:
        """The row with what may follow."""
        mask = self._masks.get(id(row))
        if isinstance(mask, RequestRefused):
            raise mask
        return None if mask is None else np.where(mask, logits, np.float32(-np.inf))

    def _make_masks(self, rows: Sequence[BatchRow], grammars: GrammarPool, size: int) -> None:
        texts = self._followed(rows, grammars)
        masks = grammars.masks(list(texts.values()), size)
        for (row, text), mask in zip(texts.items(), masks, strict=True):
            self._masks[row] = _refusal(text.fact) if text.fact else mask

    def _followed(self, rows: Sequence[BatchRow], grammars: GrammarPool) -> dict[int, FollowedText]:
        """The rows' texts, gone to their ends; what has none is refused.

        A row after the first of its sequence may stand behind a guess that the grammar forbids. What would
        follow it does not count.
        """
        texts: dict[tuple[int, int, int], FollowedText] = {}
        found: dict[int, FollowedText] = {}
        places = Counter[tuple[int, int]]()
        for row in rows:
            sequence = (row.request.id, row.sequence)
            key = (*sequence, places[sequence])
            places[sequence] += 1
            try:
                text = self._texts.get(key) or grammars.begin(row.request.id)
            except GrammarRefused as refusal:
                self._masks[id(row)] = _refusal(str(refusal))
                continue
            texts[key] = text
            if text.go_to(row.completion):
                found[id(row)] = text
            elif key[2] == 0:
                self._masks[id(row)] = _refusal(text.fact)
        self._texts = texts
        return found


def _refusal(fact: str) -> RequestRefused:
    return RequestRefused(f"its grammar cannot be followed: {fact}")
