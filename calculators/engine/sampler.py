"""SamplerCalculator: a token for each row of logits."""

from __future__ import annotations

import numpy as np

from ovpipe.calculator import Calculator, Context
from ovpipe.calculators.engine.packets import Batch, BatchRow, Logits, LogitsRow, Sampled, SampledToken
from ovpipe.calculators.engine.sampling.chance import uniform
from ovpipe.calculators.engine.sampling.draw import draw, is_greedy
from ovpipe.calculators.engine.sampling.endings import finish_of
from ovpipe.engines.graph.model_facts import ModelFacts
from ovpipe.engines.protocol import Token
from ovpipe.ports import Input, Output, SideInput
from ovpipe.registry import register


@register
class SamplerCalculator(Calculator):
    """Chooses the token that follows each row, greedily or by chance, and says whether it is the last.

    The same seed gives the same text, whatever else is in the batch. Log-probabilities, where a request asks
    for them, are of the logits as the model gave them.

        sampler:
          calculator: SamplerCalculator
          side_inputs: {facts: facts}
          inputs: {batch: batch, logits: processed}
          outputs: {sampled: sampled}
    """

    batch = Input[Batch]()
    logits = Input[Logits]()
    sampled = Output[Sampled]()
    facts = SideInput[ModelFacts]()

    def process(self, cx: Context) -> None:
        """One token a row."""
        rows, logits, eos = cx[self.batch].sampled, cx[self.logits], cx[self.facts].eos_token_ids
        found = []
        for number, (row, token) in enumerate(zip(rows, chosen_tokens(rows, logits), strict=True)):
            known = Token(token, logprob(logits.raw[number], token) if row.sampling.logprobs else None)
            found.append(SampledToken(row=row, token=known, finish=finish_of(row, token, eos)))
        cx.send(self.sampled, tuple(found))


def chosen_tokens(rows: tuple[BatchRow, ...], logits: Logits) -> list[int]:
    """The token that follows each row."""
    likeliest = logits.raw.argmax(axis=1).tolist() if any(is_greedy(row.sampling) for row in rows) else []
    tokens: list[int] = []
    for number, row in enumerate(rows):
        if not is_greedy(row.sampling):
            token = draw(logits.row(number), row.sampling, uniform(row.seed, row.generated))
        elif number in logits.changed:
            token = int(logits.changed[number].argmax())
        else:
            token = likeliest[number]
        tokens.append(token)
    return tokens


def logprob(logits: LogitsRow, token: int) -> float:
    """The natural logarithm of the token's probability."""
    top = logits.max()
    return float(logits[token] - top - np.log(np.exp(logits - top).sum(dtype=np.float64)))
