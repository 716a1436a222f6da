"""MaskMaker: which tokens may follow texts, all texts of a step together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from llguidance import LLExecutor
from llguidance.numpy import fill_next_token_bitmask_par
from numpy.typing import NDArray

from ovpipe.engines.grammars.masks.followed_text import FollowedText


class MaskMaker:
    """Computes masks by all processors, without the interpreter's lock."""

    def __init__(self) -> None:
        self._executor = LLExecutor()

    def bits(self, texts: Sequence[FollowedText], size: int) -> NDArray[np.int32]:
        """A row of each text, with a bit of each of `size` tokens: whether it may follow."""
        bits = np.zeros((len(texts), -(-size // 32)), np.int32)
        matchers = [(text.matcher, place) for place, text in enumerate(texts)]
        fill_next_token_bitmask_par(self._executor, matchers, bits)
        return bits

    def masks(
        self, texts: Sequence[FollowedText], bits: NDArray[np.int32], size: int
    ) -> Iterator[NDArray[np.bool_]]:
        """The same as masks, one of each text.

        A text whose grammar fails over it says so itself, and its mask says nothing.
        """
        for text, row in zip(texts, bits, strict=True):
            allowed = np.unpackbits(row.view(np.uint8), count=size, bitorder="little").view(np.bool_)
            allowed[text.forbidden] = False
            yield allowed
