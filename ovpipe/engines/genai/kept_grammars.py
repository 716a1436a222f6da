"""KeptGrammars: what compiled grammars take, which openvino-genai keeps as long as its pipeline lives."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Final

from ovpipe.engines.grammars.heap import heap_in_use
from ovpipe.engines.grammars.verdicts import key_of
from ovpipe.engines.protocol import Grammar

MEBIBYTE: Final = 2**20
LEAST_BYTES: Final = 2**16
"""That a grammar is counted for at least: the smallest measured, and where nothing can be measured."""


class KeptGrammars:
    """Counts the memory that steps have taken in which a grammar was new.

    genai compiles a grammar when it makes the first token under it, and gives nothing of it back.
    """

    def __init__(self, mebibytes: int, *, in_use: Callable[[], int] = heap_in_use) -> None:
        """`mebibytes` is what all may take, by `in_use`."""
        self._most = mebibytes * MEBIBYTE
        self._in_use = in_use
        self._known: set[bytes] = set()
        self._grown = 0

    @property
    def bytes_kept(self) -> int:
        """What they take."""
        return max(self._grown, LEAST_BYTES * len(self._known))

    @property
    def too_large(self) -> bool:
        """Whether they take more than they may."""
        return self.bytes_kept > self._most

    @contextmanager
    def step(self, unbegun: Iterable[Grammar | None]) -> Iterator[None]:
        """Around a step; `unbegun` are the grammars of the texts in it that have no token yet."""
        new = {key_of(grammar) for grammar in unbegun if grammar is not None} - self._known
        if not new:
            yield
            return
        before = self._in_use()
        yield
        self._grown += self._in_use() - before

    def begun(self, grammar: Grammar | None) -> None:
        """A text under this grammar has its first token, so the grammar is compiled."""
        if grammar is not None:
            self._known.add(key_of(grammar))
