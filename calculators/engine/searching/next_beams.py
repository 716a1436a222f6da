"""next_beams: one step of a beam search."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ovpipe.calculators.engine.packets import BatchRow, LogitsRow, NextBeam
from ovpipe.calculators.engine.sampling.endings import end_tokens
from ovpipe.calculators.engine.sampling.known_token import known_token
from ovpipe.calculators.engine.sampling.largest import largest
from ovpipe.calculators.engine.sampling.weights import log_sum_exp
from ovpipe.calculators.engine.searching.search_state import BeamGroup, LiveBeam, SearchState, normalised
from ovpipe.engines.protocol import Beam, BeamSearch, FinishReason, Token


class BeamLogits(NamedTuple):
    """One of a request's sequences in this step."""

    row: BatchRow
    raw: LogitsRow
    """As the model gave them: log-probabilities that are answered are of these."""
    processed: LogitsRow
    """By these the search goes on."""


class _Candidate(NamedTuple):
    score: float
    parent: LiveBeam
    token: int


class _Search:
    """One step. Each group takes its best candidates, away from what the groups before it have taken."""

    def __init__(self, beams: BeamSearch, rows: Sequence[BeamLogits], eos_token_ids: frozenset[int]) -> None:
        self._beams = beams
        self._size = beams.width // beams.groups
        self._rows = rows
        self._sampling = rows[0].row.sampling
        self._length = rows[0].row.generated + 1
        self._ends = end_tokens(self._sampling, eos_token_ids)
        self._sums = [_log_sum(one.processed) for one in rows]
        self._taken: Counter[int] = Counter()
        """How often groups before the present one have gone on with a token in this step."""
        self.next: list[NextBeam] = []

    def step(self, group: BeamGroup) -> BeamGroup:
        """The group after one more token; it has ended when nothing in it is live."""
        children: list[_Candidate] = []
        candidates = sorted(
            (one for beam in group.live for one in self._candidates(beam)), key=lambda one: -one.score
        )
        for place, candidate in enumerate(candidates):
            if candidate.token not in self._ends:
                children.append(candidate)
            elif place < self._size:  # an end that is not among the best is no better than going on
                group = group.with_ended(self._ended(candidate, "stop"), self._size)
            if len(children) == self._size:
                break
        if not children or self._is_done(group, children[0].score):
            return BeamGroup((), group.ended)
        self._taken.update(child.token for child in children)
        if self._length >= self._sampling.max_tokens:
            for child in children:
                group = group.with_ended(self._ended(child, "length"), self._size)
            return BeamGroup((), group.ended)
        live = [self._go_on(child) for child in children]
        return BeamGroup(tuple(live), group.ended)

    def _candidates(self, beam: LiveBeam) -> Iterator[_Candidate]:
        """The best that may follow a text: so many that as many as the group has beams are no ends."""
        logits, whole = self._rows[beam.sequence].processed, self._sums[beam.sequence]
        count = self._size + len(self._ends) + len(self._taken)
        tokens = {*largest(logits, count).tolist(), *self._taken}
        found = [
            _Candidate(beam.score + float(logits[token]) - whole - self._apart(token), beam, token)
            for token in sorted(tokens)
            if math.isfinite(logits[token])
        ]
        return iter(found)

    def _apart(self, token: int) -> float:
        return self._beams.diversity_penalty * self._taken[token] if self._taken else 0.0

    def _is_done(self, group: BeamGroup, best_live: float) -> bool:
        """Whether no text of the group can become better than those that have ended, as far as it matters.

        As in transformers: `early_stopping` true asks no more when there are enough; false compares with the
        best live text as long as it is now; "never" with what it may become.
        """
        if len(group.ended) < self._size:
            return False
        if self._beams.early_stopping is True:
            return True
        length, penalty = self._length, self._beams.length_penalty
        if self._beams.early_stopping == "never" and penalty > 0:
            length = self._sampling.max_tokens
        return group.ended[-1].score >= normalised(best_live, length, penalty)

    def _ended(self, candidate: _Candidate, finish: FinishReason) -> Beam:
        score = normalised(candidate.score, self._length, self._beams.length_penalty)
        tokens = [*candidate.parent.tokens, self._token(candidate)]
        return Beam(tokens, score, finish)

    def _go_on(self, candidate: _Candidate) -> LiveBeam:
        self.next.append(NextBeam(candidate.parent.sequence, candidate.token))
        tokens = (*candidate.parent.tokens, self._token(candidate))
        return LiveBeam(len(self.next) - 1, candidate.score, tokens)

    def _token(self, candidate: _Candidate) -> Token:
        if not self._sampling.logprobs:
            return Token(candidate.token)
        raw = self._rows[candidate.parent.sequence].raw
        return known_token(candidate.token, raw, self._sampling.top_logprobs)


def next_beams(
    state: SearchState, rows: Sequence[BeamLogits], eos_token_ids: frozenset[int]
) -> tuple[SearchState, tuple[NextBeam, ...]]:
    """The search after one more token, and the texts that go on, as its sequences are numbered then.

    `rows` are all of the request's sequences, in their order.
    """
    beams = rows[0].row.sampling.beams
    assert beams is not None
    search = _Search(beams, rows, eos_token_ids)
    groups = tuple(search.step(group) if group.live else group for group in state.groups)
    return SearchState(groups), tuple(search.next)


def _log_sum(logits: LogitsRow) -> float:
    top = float(logits.max())
    return log_sum_exp(logits, top) if math.isfinite(top) else 0.0
