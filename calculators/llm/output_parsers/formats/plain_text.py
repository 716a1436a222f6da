"""PlainText: no calls are looked for."""

from __future__ import annotations

from collections.abc import Sequence

from ovpipe.calculators.llm.output_parsers.parser import SHOWN
from ovpipe.calculators.llm.output_parsers.readers.pieces import Piece, Span, plain
from ovpipe.calculators.llm.packets import Content, Part


class PlainText:
    """An OutputParser to which all text is the answer."""

    def __init__(self, *, keep_specials: bool = False) -> None:
        self._keep_specials = keep_specials

    def feed(self, text: str, specials: Sequence[Span] = ()) -> list[Part]:
        """The piece, without its special tokens."""
        shown = text if self._keep_specials else plain(Piece(text, tuple(specials)))
        return [Content(shown)] if shown else []

    def finish(self, end: str = "", *, shown: int | None = SHOWN) -> list[Part]:
        """Nothing: nothing is held back."""
        return []

    @property
    def reasoning(self) -> bool:
        """No."""
        return False
