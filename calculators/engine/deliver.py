"""DeliverCalculator: what was sampled becomes what the engine's process sends."""

from __future__ import annotations

from collections.abc import Iterator

from ovpipe.calculator import Calculator, Context
from ovpipe.calculators.engine.packets import (
    Batch,
    Sampled,
    SampledToken,
    Scored,
    ScoredPrompt,
    SearchedBeams,
)
from ovpipe.calculators.engine.sampling.draw import is_greedy
from ovpipe.engines.graph.step import Deltas
from ovpipe.engines.messages import Refused
from ovpipe.engines.protocol import Delta
from ovpipe.ports import Input, Output
from ovpipe.registry import register


@register
class DeliverCalculator(Calculator):
    """Makes a delta of each token that a step sampled, and passes on what became of the other requests.

    One packet a step, also where nothing was sampled. `scored` (optional) are log-probabilities of prompts:
    they become deltas of their own, before the tokens.

        deliver:
          calculator: DeliverCalculator
          inputs: {batch: batch, sampled: sampled, scored: scored}
          outputs: {deltas: deltas}
    """

    batch = Input[Batch]()
    sampled = Input[Sampled]()
    scored = Input[Scored](optional=True)
    deltas = Output[Deltas]()

    def process(self, cx: Context) -> None:
        """Sends the step's deltas."""
        refused, scored, sampled = cx[self.batch].refused, cx.get(self.scored) or (), cx[self.sampled]
        cx.send(
            self.deltas,
            (
                *refused,
                *(part for one in scored for part in parts_of_prompts(one)),
                *(found for one in sampled for found in outcomes(one)),
            ),
        )


def parts_of_prompts(scored: ScoredPrompt) -> Iterator[Delta]:
    """A part of a prompt as deltas, one for each request that wants it."""
    row = scored.row
    yield Delta(row.request.id, [], 0, cached_tokens=row.cached, prompt_logprobs=scored.tokens)
    for request in row.scored_for:
        yield Delta(request, [], 0, prompt_logprobs=scored.tokens)


def outcomes(sampled: SampledToken | SearchedBeams) -> Iterator[Delta | Refused]:
    """What a request is sent of a step. A beam search is silent until it is over."""
    if isinstance(sampled, SampledToken):
        yield delta_of(sampled)
    elif sampled.refusal is not None:
        yield sampled.refusal
    elif sampled.state.is_over:
        beams, row = sampled.state.beams, sampled.row
        generated = sum(len(beam.tokens) for beam in beams)
        yield Delta(row.request.id, [], generated, beams[0].finish, beams, cached_tokens=row.cached)


def delta_of(sampled: SampledToken) -> Delta | Refused:
    """One token as a delta. The first of a text in which chance has a part says the seed."""
    row = sampled.row
    if sampled.token is None:
        assert sampled.refusal is not None, "what has no token says why"
        return sampled.refusal
    first = row.generated == 0 and not is_greedy(row.sampling)
    return Delta(
        request=row.request.id,
        tokens=[sampled.token],
        generated=row.generated + 1,
        finish=sampled.finish,
        seed=row.seed if first else None,
        cached_tokens=row.cached,
    )
