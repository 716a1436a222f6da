"""A model that knows nothing but what stands in its cache, and what must come of it."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ovpipe.calculators.engine.packets import BatchRow

VOCABULARY = 50
END = 49


def next_token(text: Sequence[int]) -> int:
    """The likeliest token after a text: a number that any change of the text changes."""
    return zlib.crc32(np.asarray(text, np.int64).tobytes()) % VOCABULARY


def completion(prompt: Sequence[int], max_tokens: int) -> list[int]:
    """What a greedy request must get, however it was scheduled."""
    text = list(prompt)
    while len(text) < len(prompt) + max_tokens:
        text.append(next_token(text))
        if text[-1] == END:
            break
    return text[len(prompt) :]


class RememberingModel:
    """Writes what it reads into blocks, and looks up in them what came before."""

    def __init__(self, block_size: int) -> None:
        self._block_size = block_size
        self._cache: dict[tuple[int, int], int] = {}
        self.reads: list[int] = []
        """How many tokens each step read."""
        self.scored: list[int] = []
        """How many of them had logits for what the prompt goes on with."""

    def read(self, rows: Sequence[BatchRow]) -> NDArray[np.float32]:
        """Logits that choose `next_token` of what the cache holds."""
        self.reads.append(sum(len(row.tokens) for row in rows))
        for row in rows:
            for offset, token in enumerate(row.tokens):
                self._cache[self._place(row, row.past + offset)] = token
        wanted = [(row, place) for row in rows for place in row.sampled_places]
        scored = [(row, place) for row in rows for place in row.scored_places]
        self.scored.append(len(scored))
        wanted += scored
        logits = np.zeros((len(wanted), VOCABULARY), np.float32)
        for number, (row, place) in enumerate(wanted):
            text = [self._cache[self._place(row, position)] for position in range(row.past + place + 1)]
            logits[number, next_token(text)] = 1
        return logits

    def _place(self, row: BatchRow, position: int) -> tuple[int, int]:
        return row.blocks[position // self._block_size], position % self._block_size
