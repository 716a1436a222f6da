"""What the nodes of an engine's step pass on. All of it is of one step, and none of it changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import NamedTuple, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from ovpipe.calculators.engine.searching.search_state import SearchState
from ovpipe.engines.messages import Refused
from ovpipe.engines.protocol import FinishReason, GenerateRequest, PromptToken, SamplingParams, Token

LogitsRow = NDArray[np.float32]
"""A logit for each token of the vocabulary."""


class BlockCopy(NamedTuple):
    """A block of the cache to be copied onto another, before the step reads anything."""

    source: int
    target: int


class BatchRow(msgspec.Struct, frozen=True, kw_only=True):
    """The part of one sequence in a step: the model reads `tokens`, the first of them at position `past`.

    Logits are wanted after some of these tokens: after the last, where the row reads the sequence to its end;
    after the one before each draft, which says whether the draft is right; and after those of the prompt
    whose successors' log-probabilities the request asks for.
    """

    request: GenerateRequest
    seed: int
    """The request's, or the engine's own choice."""
    sequence: int = 0
    """Its number among the request's sequences."""
    tokens: Sequence[int]
    past: int
    """How many tokens before these are in the cache."""
    blocks: Sequence[int]
    """The cache's blocks of the sequence, in order; they have room for `tokens`, too."""
    length: int
    """Tokens of the sequence, prompt and completion, those of this step included and drafts not."""
    history: Sequence[int]
    """The sequence's own tokens, of which the first `length` are this step's; later steps add to it."""

    cached: int = 0
    """Tokens of the prompt that stood in the cache when the request began."""
    drafts: tuple[int, ...] = ()
    """The last of `tokens`, where these are guesses: the sampler accepts the first of them, or none."""
    search: SearchState | None = None
    """Where the request's beam search stands, if it is one: a step has all of its sequences, side by side, or
    none."""
    accepted: int = 0
    """How many drafts are at the end of `history`, in `Batch.sampled`: the row counts if they are right."""
    scores_from: int | None = None
    """The first of the prompt's tokens whose log-probability is wanted still; None: none is."""
    scored_for: tuple[int, ...] = ()
    """Other requests that wait for the very same log-probabilities."""

    @property
    def sampling(self) -> SamplingParams:
        """How the request is sampled."""
        return self.request.sampling

    @property
    def samples(self) -> bool:
        """Whether the step reads the sequence to its end, so that a token follows."""
        return self.past + len(self.tokens) - len(self.drafts) == self.length

    @property
    def sampled_places(self) -> range:
        """Which of `tokens` a token follows that is to be sampled: the last, and one more for each draft."""
        end = len(self.tokens)
        return range(end - len(self.drafts) - 1, end) if self.samples else range(0)

    @property
    def scored_places(self) -> range:
        """Which of `tokens` are followed by one of the prompt whose log-probability is wanted."""
        if self.scores_from is None:
            return range(0)
        end = min(self.past + len(self.tokens), len(self.request.prompt) - 1)
        # What is known of a token stands at the place before it, and of the first nothing is known.
        return range(max(self.scores_from - 1 - self.past, 0), max(end - self.past, 0))

    @property
    def generated(self) -> int:
        """How many tokens the completion has so far."""
        return self.length - len(self.request.prompt)

    @property
    def completion(self) -> Sequence[int]:
        """The tokens of the completion so far."""
        return self.history[len(self.request.prompt) : self.length]

    def with_accepted(self, history: Sequence[int], drafts: int) -> BatchRow:
        """The row as it is when the first of its drafts are right. `history` has them behind the others."""
        end = len(self.tokens) - len(self.drafts) + drafts
        return msgspec.structs.replace(
            self,
            tokens=self.tokens[:end],
            length=self.length + drafts,
            history=history,
            drafts=(),
            accepted=drafts,
        )


class Batch(msgspec.Struct, frozen=True, dict=True):
    """What one step reads. Empty when there is nothing to do."""

    rows: tuple[BatchRow, ...] = ()
    copies: tuple[BlockCopy, ...] = ()
    """No block is in two of them, except as a source."""
    refused: tuple[Refused, ...] = ()
    """Requests that will never have a row."""

    @cached_property
    def sampled(self) -> tuple[BatchRow, ...]:
        """The rows that a token follows, in their order: what processors and sampler work on.

        A row with drafts is here once as it is without them, then with the first of them, and so on to all.
        So each of these rows has one row of logits, and its history is what that row follows.
        """
        found: list[BatchRow] = []
        for row in self.rows:
            if row.samples and not row.drafts:
                found.append(row)
            elif row.samples:
                history = [*row.history[: row.length], *row.drafts]
                found += [row.with_accepted(history, drafts) for drafts in range(len(row.drafts) + 1)]
        return tuple(found)


class Logits:
    """The logits of `Batch.sampled` as the model gave them, and what processors made of them.

    No struct: megabytes of numbers are not written down with the other packets.
    """

    __slots__ = ("changed", "prompt", "raw", "refused")

    def __init__(
        self,
        raw: NDArray[np.float32],
        changed: Mapping[int, LogitsRow] | None = None,
        *,
        prompt: NDArray[np.float32] | None = None,
        refused: Mapping[int, Refused] | None = None,
    ) -> None:
        self.raw = raw
        """[sampled rows, vocabulary]"""
        self.prompt = raw[:0] if prompt is None else prompt
        """[scored places of all rows, vocabulary]: of tokens that the prompt itself goes on after."""
        self.changed: Mapping[int, LogitsRow] = changed or {}
        """By the row's number."""
        self.refused: Mapping[int, Refused] = refused or {}
        """By the row's number: no token follows it, and nobody looks at it any more. The request ends here,
        unless the row is behind a draft, which is not accepted then. So the text itself is refused in a later
        step, or never, as if nothing had been drafted."""

    def row(self, number: int) -> LogitsRow:
        """A row as it stands after the processors so far; not to be written to."""
        found = self.changed.get(number)
        row: LogitsRow = self.raw[number] if found is None else found
        return row

    def with_rows(self, rows: Mapping[int, LogitsRow]) -> Logits:
        """The same with other values in some rows."""
        if not rows:
            return self
        changed = {**self.changed, **rows}
        return Logits(self.raw, changed, prompt=self.prompt, refused=self.refused)

    def without(self, refused: Mapping[int, Refused]) -> Logits:
        """The same, and some rows more are refused."""
        if not refused:
            return self
        return Logits(self.raw, self.changed, prompt=self.prompt, refused={**self.refused, **refused})


class SampledToken(msgspec.Struct, frozen=True, kw_only=True):
    """The token that follows a row, and whether it ends the completion; or why none can follow.

    `row` is one of `Batch.sampled`.
    """

    row: BatchRow
    token: Token | None
    finish: FinishReason | None = None
    refusal: Refused | None = None
    """Without a token: what becomes of the request. The others in the batch do not notice."""
    drafts: tuple[int, ...] = ()
    """Guesses of the tokens to come; the scheduler may have the model read them along in the next step."""

    def follows(self, other: SampledToken) -> bool:
        """Whether it is the next token of the same text in the same step, behind a draft that was right."""
        row, before = self.row, other.row
        same = (row.request.id, row.sequence) == (before.request.id, before.sequence)
        return same and row.accepted == before.accepted + 1


class NextBeam(NamedTuple):
    """A text that goes on: one of a request's sequences as it was, and the token that follows it."""

    sequence: int
    token: int


class SearchedBeams(msgspec.Struct, frozen=True, kw_only=True):
    """What a step brought for a beam search: its texts that go on, or all that it has found."""

    row: BatchRow
    """The first of its rows."""
    state: SearchState
    next: tuple[NextBeam, ...] = ()
    """As the request's sequences are numbered from now on."""
    refusal: Refused | None = None
    """Where it ends without any text: what becomes of the request."""

    @property
    def is_last(self) -> bool:
        """Whether nothing more comes of the request."""
        return self.refusal is not None or self.state.is_over


Sampled: TypeAlias = tuple[SampledToken | SearchedBeams, ...]
"""In the order of `Batch.sampled`: one for each row of the batch that a token follows, and one more for each
draft of it that was right. Of a request that ends without a token only one, and of a beam search always."""


class ScoredPrompt(msgspec.Struct, frozen=True):
    """The next tokens of a prompt with their log-probabilities."""

    row: BatchRow
    tokens: list[PromptToken]


Scored: TypeAlias = tuple[ScoredPrompt, ...]
"""One for each row of the batch that wants log-probabilities of its prompt, in their order."""
