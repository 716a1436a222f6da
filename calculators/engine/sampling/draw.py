"""draw: a token by temperature, top_k, top_p and min_p."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from ovpipe.calculators.engine.packets import LogitsRow
from ovpipe.calculators.engine.sampling.largest import largest
from ovpipe.engines.protocol import SamplingParams

GREEDY_BELOW: Final = 1e-6
"""Temperatures under this pick the likeliest token anyway."""
SLICE: Final = 512
"""How many weights are added up at first, to find the slice that a draw falls into."""
FIRST_LOOK: Final = 64
"""How many of the likeliest tokens are sorted at first, where top_p asks for as many as it takes."""


def is_greedy(sampling: SamplingParams) -> bool:
    """Whether chance has no part in the token."""
    return sampling.temperature < GREEDY_BELOW


def draw(logits: LogitsRow, sampling: SamplingParams, chance: float) -> int:
    """The token that `chance`, a number in [0, 1), chooses.

    In vLLM's order: temperature; min_p, a part of the largest probability; top_k; top_p, of what these leave.
    The likeliest token is always left.
    """
    weights = np.subtract(logits, logits.max(), dtype=np.float32)
    weights /= np.float32(sampling.temperature)
    np.exp(weights, out=weights)
    if sampling.top_k == -1 and sampling.top_p >= 1 and sampling.min_p == 0:
        return _drawn_from_all(weights, chance)
    kept = _kept(weights, sampling)
    sums = np.cumsum(weights[kept], dtype=np.float64)
    return int(kept[min(int(np.searchsorted(sums, chance * sums[-1], side="right")), len(kept) - 1)])


def _kept(weights: NDArray[np.float32], sampling: SamplingParams) -> NDArray[np.int64]:
    """The tokens that the request's limits leave, the likeliest first."""
    limit = len(weights) if sampling.top_k == -1 else min(sampling.top_k, len(weights))
    if sampling.min_p > 0:
        limit = min(limit, int(np.count_nonzero(weights >= np.float32(sampling.min_p))))
    if sampling.top_p >= 1:
        return largest(weights, limit)
    whole: float | None = None
    if limit == len(weights):
        whole = float(weights.sum(dtype=np.float64))
    count = min(limit, FIRST_LOOK)
    while True:
        first = largest(weights, count if whole is not None else limit)
        sums = np.cumsum(weights[first], dtype=np.float64)
        wanted = sampling.top_p * (sums[-1] if whole is None else whole)
        enough = int(np.searchsorted(sums, wanted, side="left")) + 1
        if enough <= len(first) or len(first) == limit:
            return first[:enough]
        count = min(limit, count * 16)


def _drawn_from_all(weights: NDArray[np.float32], chance: float) -> int:
    """A draw without limits: by slices, so that only one of them is added up token by token."""
    tail = len(weights) % SLICE
    sums = weights[: len(weights) - tail].reshape(-1, SLICE).sum(axis=1, dtype=np.float64)
    if tail:
        sums = np.append(sums, weights[-tail:].sum(dtype=np.float64))
    ends = np.cumsum(sums)
    point = chance * ends[-1]
    place = min(int(np.searchsorted(ends, point, side="right")), len(ends) - 1)
    inside = np.cumsum(weights[place * SLICE : (place + 1) * SLICE], dtype=np.float64)
    before = ends[place - 1] if place else 0.0
    token = int(np.searchsorted(inside, point - before, side="right"))
    # Rounding may put the point a little behind the slice's end; the last token with any weight is meant.
    return place * SLICE + min(token, int(np.flatnonzero(np.diff(inside, prepend=0.0))[-1]))
