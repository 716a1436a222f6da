"""A model that knows nothing but what stands in its cache, and what must come of it."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from ovpipe.calculators.engine.packets import BatchRow, BlockCopy
from ovpipe.calculators.engine.sampling.chance import uniform
from ovpipe.calculators.engine.sampling.draw import draw, is_greedy
from ovpipe.engines.protocol import GenerateRequest

VOCABULARY = 50
END = 49


def next_token(text: Sequence[int]) -> int:
    """The likeliest token after a text: a number that any change of the text changes."""
    return zlib.crc32(np.asarray(text, np.int64).tobytes()) % VOCABULARY


def next_logits(text: Sequence[int]) -> NDArray[np.float32]:
    """What the model says of the token after a text: `next_token` is likelier than others, but not certain."""
    logits = np.zeros(VOCABULARY, np.float32)
    logits[next_token(text)] = 3
    return logits


def remembering(memory: int) -> Callable[[Sequence[int]], NDArray[np.float32]]:
    """`next_logits` of the last tokens alone: texts soon go round in circles. 0: of all of them."""
    return lambda text: next_logits(text[-memory:])


def varied_logits(text: Sequence[int]) -> NDArray[np.float32]:
    """A different number for each token, as a model says them, by which texts part."""
    seed = zlib.crc32(np.asarray(text, np.int64).tobytes())
    return np.random.default_rng(seed).normal(scale=2, size=VOCABULARY).astype(np.float32)


def completion(asked: GenerateRequest, memory: int = 0) -> list[int]:
    """What a request must get, however it was scheduled: greedily, or by its seed; see `remembering`."""
    text, sampling = list(asked.prompt), asked.sampling
    while len(text) < len(asked.prompt) + sampling.max_tokens:
        if is_greedy(sampling):
            text.append(next_token(text[-memory:]))
        else:
            assert sampling.seed is not None
            chance = uniform(sampling.seed, len(text) - len(asked.prompt))
            token = draw(next_logits(text[-memory:]), sampling, chance)
            assert token is not None
            text.append(token)
        if text[-1] == END:
            break
    return text[len(asked.prompt) :]


class RememberingModel:
    """Writes what it reads into blocks, and looks up in them what came before."""

    def __init__(
        self, block_size: int, logits_of: Callable[[Sequence[int]], NDArray[np.float32]] = next_logits
    ) -> None:
        self._logits_of = logits_of
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
        logits = np.empty((len(wanted), VOCABULARY), np.float32)
        for number, (row, place) in enumerate(wanted):
            text = [self._cache[self._place(row, position)] for position in range(row.past + place + 1)]
            logits[number] = self._logits_of(text)
        return logits

    def copy_blocks(self, copies: Sequence[BlockCopy]) -> None:
        """Copies what stands in blocks."""
        assert not {copy.source for copy in copies} & {copy.target for copy in copies}
        for source, target in copies:
            for offset in range(self._block_size):
                if (source, offset) in self._cache:
                    self._cache[target, offset] = self._cache[source, offset]

    def _place(self, row: BatchRow, position: int) -> tuple[int, int]:
        return row.blocks[position // self._block_size], position % self._block_size
