"""When a completion ends."""

from __future__ import annotations

from ovpipe.calculators.engine.packets import BatchRow
from ovpipe.engines.protocol import FinishReason, SamplingParams


def end_tokens(sampling: SamplingParams, eos_token_ids: frozenset[int]) -> frozenset[int]:
    """The tokens that end a completion: the model's own, unless they are ignored, and the request's."""
    own = frozenset() if sampling.ignore_eos else eos_token_ids
    return own.union(sampling.stop_token_ids)


def finish_of(row: BatchRow, token: int, eos_token_ids: frozenset[int]) -> FinishReason | None:
    """Why the completion ends with this token; None: it goes on."""
    if token in end_tokens(row.sampling, eos_token_ids):
        return "stop"
    return "length" if row.generated + 1 >= row.sampling.max_tokens else None
