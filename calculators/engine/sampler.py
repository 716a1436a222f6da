"""SamplerCalculator: a token for each row of logits."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar, Final

from ovpipe.calculator import Calculator, Context
from ovpipe.calculators.engine.packets import (
    Batch,
    BatchRow,
    Logits,
    LogitsRow,
    Sampled,
    SampledToken,
    SearchedBeams,
)
from ovpipe.calculators.engine.sampling.chance import uniform
from ovpipe.calculators.engine.sampling.draw import draw, is_greedy
from ovpipe.calculators.engine.sampling.endings import finish_of
from ovpipe.calculators.engine.sampling.known_token import known_token
from ovpipe.calculators.engine.searching.next_beams import BeamLogits, next_beams
from ovpipe.calculators.engine.searching.search_state import SearchState
from ovpipe.engines.graph.model_facts import ModelFacts
from ovpipe.engines.messages import Refused
from ovpipe.engines.protocol import Token
from ovpipe.ports import Input, Output, SideInput
from ovpipe.registry import register

NOTHING_LEFT: Final = "no token is left to choose: the request's own limits forbid all of them"
NOTHING_GIVEN: Final = "no token can be chosen: the model gave no finite logit"


@register
class SamplerCalculator(Calculator):
    """Chooses the token that follows each row, greedily or by chance, and says whether it is the last.

    Of the rows of a beam search it says which texts go on with which tokens, and what the search has found.

    The same seed gives the same text, whatever else is in the batch. Log-probabilities, where a request asks
    for them, are of the logits as the model gave them.

    A draft is right when it is the token that is chosen in its place, greedily or by chance. The token that
    is chosen in place of the first wrong one is the step's last. A draft is one token, not a distribution, so
    this is rejection sampling: it is accepted by its probability, and else another is drawn by the others'.
    With one seed the text is the same with drafts and without.

        sampler:
          calculator: SamplerCalculator
          side_inputs: {facts: facts}
          inputs: {batch: batch, logits: processed}
          outputs: {sampled: sampled}
    """

    capabilities: ClassVar[frozenset[str]] = frozenset(
        {
            *("max_tokens", "stop_token_ids", "ignore_eos"),
            *("temperature", "top_p", "top_k", "min_p", "seed"),
            *("logprobs", "top_logprobs"),
            *("use_beam_search", "length_penalty", "num_beam_groups", "diversity_penalty", "early_stopping"),
            "penalised_beams",
        }
    )

    batch = Input[Batch]()
    logits = Input[Logits]()
    sampled = Output[Sampled]()
    facts = SideInput[ModelFacts]()

    def process(self, cx: Context) -> None:
        """One token a row."""
        rows, logits, eos = cx[self.batch].sampled, cx[self.logits], cx[self.facts].eos_token_ids
        found: list[SampledToken | SearchedBeams] = []
        told: set[int] = set()
        for number, row in enumerate(rows):
            if row.search is not None:
                if row.request.id not in told:
                    found.append(searched(row.search, rows, number, logits, eos))
                told.add(row.request.id)
                continue
            refusal, token = logits.refused.get(number), None
            if row.accepted and (refusal is not None or not leads_to(found[-1], row)):
                continue
            if refusal is None:
                token = chosen_token(row, logits.row(number))
            if token is None:
                if row.request.id not in told:
                    why = refusal or nothing_to_choose(row, limited=number in logits.changed)
                    found.append(SampledToken(row=row, token=None, refusal=why))
                told.add(row.request.id)
                continue
            sampling = row.sampling
            known = (
                known_token(token, logits.raw[number], sampling.top_logprobs)
                if sampling.logprobs
                else Token(token)
            )
            found.append(SampledToken(row=row, token=known, finish=finish_of(row, token, eos)))
        cx.send(self.sampled, tuple(found))


def leads_to(before: SampledToken | SearchedBeams, row: BatchRow) -> bool:
    """Whether a row's last draft is right: it is the token that was chosen in its place, and not the last."""
    own = (before.row.request.id, before.row.sequence) == (row.request.id, row.sequence)
    next_one = own and before.row.accepted == row.accepted - 1
    if not next_one or isinstance(before, SearchedBeams) or before.finish is not None:
        return False
    return before.token is not None and before.token.id == row.tokens[-1]


def chosen_token(row: BatchRow, logits: LogitsRow) -> int | None:
    """The token that follows a row; None where no logit is finite."""
    if not is_greedy(row.sampling):
        return draw(logits, row.sampling, uniform(row.seed, row.generated))
    likeliest = int(logits.argmax())
    return likeliest if math.isfinite(logits[likeliest]) else None


def searched(
    state: SearchState,
    rows: Sequence[BatchRow],
    number: int,
    logits: Logits,
    eos_token_ids: frozenset[int],
) -> SearchedBeams:
    """A step of the beam search whose rows begin with the batch's row of this number."""
    first, end = rows[number], number + 1
    while end < len(rows) and rows[end].request.id == first.request.id:
        end += 1
    places = range(number, end)
    for place in places:
        if place in logits.refused:
            return SearchedBeams(row=first, state=state, refusal=logits.refused[place])
    own = [BeamLogits(rows[place], logits.raw[place], logits.row(place)) for place in places]
    state, following = next_beams(state, own, eos_token_ids)
    refusal = None
    if state.is_over and not state.beams:
        refusal = nothing_to_choose(first, limited=number in logits.changed)
    return SearchedBeams(row=first, state=state, next=following, refusal=refusal)


def nothing_to_choose(row: BatchRow, *, limited: bool) -> Refused:
    """What becomes of a request none of whose logits is finite; `limited`: processors have changed them."""
    return Refused(row.request.id, NOTHING_LEFT if limited else NOTHING_GIVEN, failed=not limited)
