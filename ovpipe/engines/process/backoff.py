"""How long to wait before a dead engine is started again."""

from __future__ import annotations

import msgspec


class Backoff(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds between a death and the next start: quick at first, doubling while starts keep failing."""

    first: float = 0.2
    cap: float = 30.0
    healthy_after: float = 30.0
    """An engine that served this long starts the count afresh when it dies."""

    def delay(self, failures: int) -> float:
        """The wait after so many deaths and failed starts in a row, 1 being the first."""
        doublings = min(failures - 1, 64)  # far beyond any cap, and within a float
        return min(self.cap, self.first * 2.0**doublings)
