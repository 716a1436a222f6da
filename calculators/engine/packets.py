"""What the nodes of an engine's step pass on. All of it is of one step, and none of it changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from ovpipe.engines.protocol import FinishReason, GenerateRequest, SamplingParams, Token

LogitsRow = NDArray[np.float32]
"""A logit for each token of the vocabulary."""


class BatchRow(msgspec.Struct, frozen=True, kw_only=True):
    """The part of one sequence in a step: the model reads `tokens`, the first of them at position `past`."""

    request: GenerateRequest
    seed: int
    """The request's, or the engine's own choice."""
    tokens: Sequence[int]
    past: int
    """How many tokens before these are in the cache."""
    blocks: Sequence[int]
    """The cache's blocks of the sequence, in order; they have room for `tokens`, too."""
    length: int
    """Tokens of the sequence, prompt and completion, those of this step included."""
    history: Sequence[int]
    """The sequence's own tokens, of which the first `length` are this step's; later steps add to it."""

    cached: int = 0
    """Tokens of the prompt that stood in the cache when the request began."""

    @property
    def sampling(self) -> SamplingParams:
        """How the request is sampled."""
        return self.request.sampling

    @property
    def samples(self) -> bool:
        """Whether the step reads the sequence to its end, so that a token follows."""
        return self.past + len(self.tokens) == self.length

    @property
    def generated(self) -> int:
        """How many tokens the completion has so far."""
        return self.length - len(self.request.prompt)

    @property
    def completion(self) -> Sequence[int]:
        """The tokens of the completion so far."""
        return self.history[len(self.request.prompt) : self.length]


class Batch(msgspec.Struct, frozen=True):
    """What one step reads. Empty when there is nothing to do."""

    rows: tuple[BatchRow, ...] = ()

    @property
    def sampled(self) -> tuple[BatchRow, ...]:
        """The rows that a token follows, in their order."""
        return tuple(row for row in self.rows if row.samples)


class Logits:
    """The logits of the batch's sampled rows as the model gave them, and what processors changed.

    No struct: megabytes of numbers are not written down with the other packets.
    """

    __slots__ = ("changed", "raw")

    def __init__(self, raw: NDArray[np.float32], changed: Mapping[int, LogitsRow] | None = None) -> None:
        self.raw = raw
        """[sampled rows, vocabulary]"""
        self.changed: Mapping[int, LogitsRow] = changed or {}
        """By the row's number."""

    def row(self, number: int) -> LogitsRow:
        """A row as it stands after the processors so far; not to be written to."""
        found = self.changed.get(number)
        row: LogitsRow = self.raw[number] if found is None else found
        return row

    def with_rows(self, rows: Mapping[int, LogitsRow]) -> Logits:
        """The same with other values in some rows."""
        return Logits(self.raw, {**self.changed, **rows}) if rows else self


class SampledToken(msgspec.Struct, frozen=True, kw_only=True):
    """The token that follows a row, and whether it ends the completion; or why none can follow."""

    row: BatchRow
    token: Token | None
    finish: FinishReason | None = None
    refusal: str = ""
    """Without a token: what the request is refused with. The others in the batch do not notice."""


Sampled: TypeAlias = tuple[SampledToken, ...]
"""One for each sampled row of the batch, in their order."""
