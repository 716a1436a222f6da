"""OutputParser: what reads a model's text as it comes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

from ovpipe.calculators.llm.packets import Part

SHOWN: Final = 3
"""So many characters may be anything, where nobody knows why a text breaks off."""


class OutputParser(Protocol):
    """Tells a model's raw text apart: what it answers, what it thinks, which tools it calls.

    Made for one choice of one request. Joined, its parts do not depend on how the text was cut. What may
    yet become a marker is held back, and no longer than needed; a call is handed out once it is whole.
    """

    def feed(self, text: str, specials: Sequence[tuple[int, int]] = ()) -> list[Part]:
        """What is certain after the next piece. `specials` says from where to where it is special tokens."""

    def finish(self, end: str = "", *, shown: int | None = SHOWN) -> list[Part]:
        """What was held back.

        `end` is the token that ended the sequence, as text; it is never shown. Without one the text breaks
        off, maybe amid a marker: then no more than `shown` characters that may be a marker's first are shown.
        None: it ends there on purpose.
        """

    @property
    def reasoning(self) -> bool:
        """Whether the text is inside thoughts right now."""
