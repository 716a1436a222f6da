"""draw: a token by temperature, top_k, top_p and min_p."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ovpipe.calculators.engine.packets import LogitsRow
from ovpipe.calculators.engine.sampling.largest import largest
from ovpipe.calculators.engine.sampling.weights import BLOCK, block_sums, weights_of
from ovpipe.engines.protocol import SamplingParams

GREEDY_BELOW: Final = 1e-6
"""Temperatures under this pick the likeliest token anyway."""
LOOKS: Final = (64, 1024)
"""How many of the likeliest tokens are looked at, where top_p asks for as many as it takes; then all are."""
SLICE: Final = 512
"""How many of many weights are added up at first, to find the slice that a point falls into."""


def is_greedy(sampling: SamplingParams) -> bool:
    """Whether chance has no part in the token."""
    return sampling.temperature < GREEDY_BELOW


def draw(logits: LogitsRow, sampling: SamplingParams, chance: float) -> int | None:
    """The token that `chance`, a number in [0, 1), chooses; None where no logit is finite.

    In vLLM's order: temperature; min_p, a part of the largest probability; top_k; top_p, of what these leave.
    The likeliest token is always left. No row is sorted as a whole, unless its chances are so even that top_p
    leaves more than a thousand tokens.
    """
    if 0 < sampling.top_k < len(logits):
        likeliest = largest(logits, sampling.top_k)
        if not len(likeliest) or not math.isfinite(top := float(logits[likeliest[0]])):
            return None
        return _drawn(likeliest, logits, top, sampling, chance)
    if not math.isfinite(top := float(logits.max())):
        return None
    if sampling.min_p > 0:
        # As logits, so that only what is left is exponentiated.
        bound = top + sampling.temperature * math.log(sampling.min_p)
        return _drawn(np.flatnonzero(logits >= bound), logits, top, sampling, chance)
    sums = block_sums(logits, top, sampling.temperature)
    if sampling.top_p >= 1:
        return _drawn_from_all(logits, top, sums, sampling.temperature, chance)
    return _drawn_from_nucleus(logits, top, float(sums.sum()), sampling, chance)


def _drawn(
    places: NDArray[np.int64], logits: LogitsRow, top: float, sampling: SamplingParams, chance: float
) -> int:
    """A draw from some tokens, of which min_p and top_p may leave fewer."""
    weights = weights_of(logits[places], top, sampling.temperature)
    if sampling.min_p > 0:
        left = weights >= np.float32(sampling.min_p)
        places, weights = places[left], weights[left]
    if sampling.top_p < 1:
        order = np.argsort(-weights, kind="stable")
        places, weights = places[order], weights[order]
        sums = np.cumsum(weights, dtype=np.float64)
        enough = int(np.searchsorted(sums, sampling.top_p * sums[-1], side="left")) + 1
        places, weights = places[:enough], weights[:enough]
    return int(places[place_of(weights, chance)])


def _drawn_from_all(
    logits: LogitsRow, top: float, sums: NDArray[np.float64], temperature: float, chance: float
) -> int:
    """A draw without limits: of the blocks first, whose `sums` are known, then inside one."""
    block, chance = _interval(sums, chance)
    begin = block * BLOCK
    weights = weights_of(logits[begin : begin + BLOCK], top, temperature)
    return begin + place_of(weights, chance)


def _drawn_from_nucleus(
    logits: LogitsRow, top: float, whole: float, sampling: SamplingParams, chance: float
) -> int:
    """A draw from the fewest of the likeliest tokens that have `top_p` of the `whole` weight."""
    wanted = sampling.top_p * whole
    for count in LOOKS:
        places = largest(logits, count)
        weights = weights_of(logits[places], top, sampling.temperature)
        sums = np.cumsum(weights, dtype=np.float64)
        enough = int(np.searchsorted(sums, wanted, side="left")) + 1
        if enough <= len(places):
            return int(places[place_of(weights[:enough], chance)])
    weights = weights_of(logits, top, sampling.temperature)
    # All under this together have less than what top_p leaves out.
    ranked = np.sort(weights[weights >= np.float32((whole - wanted) / len(weights) / 2)])[::-1]
    enough = min(_needed(ranked, wanted), len(ranked))
    last = ranked[enough - 1]
    above = np.flatnonzero(weights > last)
    # Of those that are exactly as likely as the last one the first places are left.
    places = np.concatenate([above, np.flatnonzero(weights == last)[: enough - len(above)]])
    return int(places[place_of(weights[places], chance)])


def _needed(ranked: NDArray[np.float32], wanted: float) -> int:
    """How many of these it takes, from the first on, to add up to what is wanted."""
    begins = np.arange(0, len(ranked), SLICE)
    ends = np.cumsum(np.add.reduceat(ranked, begins, dtype=np.float64))
    place = min(int(np.searchsorted(ends, wanted, side="left")), len(ends) - 1)
    before = float(ends[place - 1]) if place else 0.0
    inside = np.cumsum(ranked[place * SLICE : (place + 1) * SLICE], dtype=np.float64)
    return place * SLICE + int(np.searchsorted(inside, wanted - before, side="left")) + 1


def place_of(weights: NDArray[np.float32], chance: float) -> int:
    """Which of these `chance` falls on, when each has a part of the line from 0 to 1 as long as its weight.

    Never one without weight. One of them has some.
    """
    if len(weights) > 2 * SLICE:
        sums = np.add.reduceat(weights, np.arange(0, len(weights), SLICE), dtype=np.float64)
        place, chance = _interval(sums, chance)
        begin = place * SLICE
        return begin + _interval(weights[begin : begin + SLICE], chance)[0]
    return _interval(weights, chance)[0]


def _interval(sizes: NDArray[np.floating], chance: float) -> tuple[int, float]:
    """The interval that `chance` falls into, and how far inside it, as a part of it."""
    ends = np.cumsum(sizes, dtype=np.float64)
    point = chance * float(ends[-1])
    place = int(np.searchsorted(ends, point, side="right"))
    if place == len(ends):  # by rounding: the last one with any size is meant
        place = int(np.flatnonzero(sizes)[-1])
    begin = float(ends[place - 1]) if place else 0.0
    inside = (point - begin) / float(sizes[place])
    return place, min(max(inside, 0.0), math.nextafter(1.0, 0.0))
