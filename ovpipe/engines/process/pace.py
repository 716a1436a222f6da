"""Pace: how long a step of an engine may take, by what its steps have taken so far."""

from __future__ import annotations

from typing import Final

GENEROUS: Final = 5.0
"""Times what a step is expected to take: a context grows, shapes are new."""
SHORTEST: Final = 8.0
"""Seconds. A grammar is compiled within a step, kernels are built."""
CERTAIN: Final = 3.0
"""Times what a step is expected to take, which no limit of the operator's goes below."""
MOST_RISE: Final = 2.0
"""By which one slow step lifts what is expected of the next."""


class Pace:
    """Seconds a token, as the warm-up measured them and slower steps have raised them since.

    A step may read up to `max_tokens`, also of requests that have tokens already: one that gave up its cache
    is read anew. `seconds_per_token` 0 is not known.
    """

    def __init__(self, seconds_per_token: float, max_tokens: int) -> None:
        self._seconds_per_token = seconds_per_token
        self._max_tokens = max_tokens
        self._longest = 0.0

    def step(self, seconds: float, tokens: int) -> None:
        """A step has taken so long; it has read at most so many tokens."""
        if self._longest == 0:
            self._longest = seconds
        self._longest = max(self._longest, min(seconds, MOST_RISE * self._longest))
        if tokens > 0:
            slower = min(seconds / min(tokens, self._max_tokens), MOST_RISE * self._seconds_per_token)
            self._seconds_per_token = max(self._seconds_per_token, slower)

    def limits(self, tokens: int, stated: float) -> tuple[float, float]:
        """Seconds of a step with at most so many tokens: those that it should not take, and cannot.

        Where nothing is measured, both are what the operator has stated.
        """
        if self._seconds_per_token == 0:
            return stated, stated
        expected = max(self._longest, self._seconds_per_token * min(tokens, self._max_tokens))
        most = max(stated, CERTAIN * expected)
        return min(max(SHORTEST, GENEROUS * expected), most), most
