"""Meters: how a node reports what its run has an engine generate, to whoever counts it."""

from __future__ import annotations

from typing import Protocol


class TextMeter(Protocol):
    """Hears how one text fares in an engine, as it happens. It must neither block nor raise."""

    def reading(self) -> None:
        """The engine begins with the prompt: the text has left the queue."""

    def tokens(self, count: int, cached: int | None) -> None:
        """So many tokens came at once. `cached` of the prompt's stood in the cache; None: not known."""

    def ended(self, finish: str | None) -> None:
        """Nothing more comes. `finish` is the engine's reason; None: it was cut, left, or has failed."""


class Meter(Protocol):
    """Counts what one run has engines generate."""

    def text(self, prompt: int, prompt_tokens: int, max_tokens: int) -> TextMeter:
        """A text is about to be given to an engine: for the run's prompt of this index, which is so long.

        Raises RequestError 429 when there is no room for it before the engine.
        """
