"""What became of each request of a soak, and which of it nobody expects."""

from __future__ import annotations

from collections import Counter

UNAVAILABLE = frozenset(
    {
        "503 engine_died",
        "503 engine_unavailable",
        "503 model_loading",
        "event engine_died",
        "event engine_unavailable",
    }
)
"""What requests of a model get whose engine is killed."""
BUSY = frozenset({"503 grammar_check_unavailable", "503 engine_full", "event engine_full"})
"""What any request may get while others want the same."""


class Outcomes:
    """Counts of answers by kind of request, and of those that are none of the expected ones."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.unexpected: Counter[str] = Counter()

    def add(self, kind: str, outcome: str, expected: frozenset[str]) -> None:
        """One request has ended so."""
        self.counts[f"{kind}: {outcome}"] += 1
        if outcome not in expected:
            self.unexpected[f"{kind}: {outcome}"] += 1

    def failed(self, kind: str, error: BaseException) -> None:
        """One request got no answer."""
        self.add(kind, f"nothing ({type(error).__name__}: {error})", frozenset())

    @property
    def total(self) -> int:
        """All requests so far."""
        return self.counts.total()
