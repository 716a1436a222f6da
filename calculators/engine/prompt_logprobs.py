"""PromptLogprobsCalculator: how likely a prompt's own tokens are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import numpy as np

from ovpipe.calculator import Calculator, Context
from ovpipe.calculators.engine.packets import Batch, BatchRow, Logits, LogitsRow, Scored, ScoredPrompt
from ovpipe.calculators.engine.sampling.known_token import known_token
from ovpipe.engines.protocol import PromptToken
from ovpipe.ports import Input, Output
from ovpipe.registry import register


@register
class PromptLogprobsCalculator(Calculator):
    """Scores the prompts of requests with `prompt_logprobs`: each token by the logits at the place before it.

    A prompt comes in parts, as the scheduler has it read. Its first token has no log-probability. `logits`
    are the model's own, before any processor.

        prompt_logprobs:
          calculator: PromptLogprobsCalculator
          inputs: {batch: batch, logits: logits}
          outputs: {scored: scored}
    """

    capabilities: ClassVar[frozenset[str]] = frozenset({"prompt_logprobs"})
    batch = Input[Batch]()
    logits = Input[Logits]()
    scored = Output[Scored]()

    def process(self, cx: Context) -> None:
        """Takes the logits of the prompts' places in their order."""
        logits = iter(cx[self.logits].prompt)
        scored = tuple(
            ScoredPrompt(row, list(scored_tokens(row, logits)))
            for row in cx[self.batch].rows
            if row.scores_from is not None
        )
        cx.send(self.scored, scored)

    def uses(self, row: BatchRow) -> bool:
        """Whether a step reads a part of its prompt that is to be scored."""
        return row.scores_from is not None


def scored_tokens(row: BatchRow, logits: Iterator[LogitsRow]) -> Iterator[PromptToken]:
    """The tokens that a row's scored places are followed by; before the first of them the prompt's first."""
    prompt, top = row.request.prompt, row.sampling.prompt_logprobs or 0
    if row.scores_from == 0:
        yield PromptToken(prompt[0])
    for place in row.scored_places:
        yield scored_token(prompt[row.past + place + 1], next(logits), top)


def scored_token(token: int, logits: LogitsRow, top: int) -> PromptToken:
    """A token with its log-probability, its rank, and the likeliest at its place."""
    known = known_token(token, logits, top)
    rank = 1 + int(np.count_nonzero(logits > logits[token]))
    return PromptToken(token, known.logprob, known.top_logprobs, rank)
