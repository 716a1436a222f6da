"""SamplerCalculator: a token for each row of logits."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from ovpipe.calculator import Calculator, Context
from ovpipe.calculators.engine.packets import Batch, BatchRow, Logits, LogitsRow, Sampled, SampledToken
from ovpipe.calculators.engine.sampling.chance import uniform
from ovpipe.calculators.engine.sampling.draw import draw, is_greedy
from ovpipe.calculators.engine.sampling.endings import finish_of
from ovpipe.calculators.engine.sampling.largest import largest
from ovpipe.engines.graph.model_facts import ModelFacts
from ovpipe.engines.protocol import LikelyToken, SamplingParams, Token
from ovpipe.ports import Input, Output, SideInput
from ovpipe.registry import register

NOTHING_LEFT: Final = "no token is left to choose: the request's own limits forbid all of them"


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
            if token is None:
                found.append(SampledToken(row=row, token=None, refusal=NOTHING_LEFT))
                continue
            known = known_token(token, logits.raw[number], row.sampling)
            found.append(SampledToken(row=row, token=known, finish=finish_of(row, token, eos)))
        cx.send(self.sampled, tuple(found))


def chosen_tokens(rows: tuple[BatchRow, ...], logits: Logits) -> list[int | None]:
    """The token that follows each row; None where the request's own limits leave none."""
    likeliest = logits.raw.argmax(axis=1).tolist() if any(is_greedy(row.sampling) for row in rows) else []
    tokens: list[int | None] = []
    for number, row in enumerate(rows):
        changed = logits.changed.get(number)
        if changed is not None and not np.isfinite(changed.max()):
            token = None
        elif not is_greedy(row.sampling):
            token = draw(logits.row(number), row.sampling, uniform(row.seed, row.generated))
        else:
            token = likeliest[number] if changed is None else int(changed.argmax())
        tokens.append(token)
    return tokens


def known_token(token: int, logits: LogitsRow, sampling: SamplingParams) -> Token:
    """The token with the log-probabilities that its request asks for."""
    if not sampling.logprobs:
        return Token(token)
    whole = log_sum_exp(logits)
    top = tuple(
        LikelyToken(int(likely), float(logits[likely]) - whole)
        for likely in largest(logits, sampling.top_logprobs)
    )
    return Token(token, float(logits[token]) - whole, top)


def log_sum_exp(logits: LogitsRow) -> float:
    """The logarithm of the sum of the tokens' weights, which is 0 where logits are log-probabilities."""
    top = float(logits.max())
    return top + math.log(float(np.exp(logits - top).sum(dtype=np.float64)))
