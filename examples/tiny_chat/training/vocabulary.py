"""The model's tokens: made from what the generator says, and used to read and write its dialogues."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from itertools import islice, pairwise
from pathlib import Path
from typing import Self

import msgspec

from examples.tiny_chat.dialogues.mix import training_dialogues
from examples.tiny_chat.training.rendering import END, PAD, START, Renderer
from examples.tiny_chat.training.words import known_words, words_pattern
from ovpipe.modelling.bpe import BytePairs, train_bpe

SPECIALS = (PAD, START, END)
VOCAB_SIZE = 2304
"""Of which some 180 are spare."""


class Vocabulary:
    """Byte pairs, and the pattern that cuts a text into the pieces they work on."""

    def __init__(self, pairs: BytePairs, pattern: str) -> None:
        self.pairs = pairs
        self.pattern = pattern
        self._pieces = re.compile(pattern)
        self._specials = re.compile(f"({'|'.join(map(re.escape, SPECIALS))})")
        self._ids = {token: index for index, token in enumerate(pairs.tokens)}
        self._ranks = {pair: rank for rank, pair in enumerate(pairs.merges)}
        self.piece = lru_cache(maxsize=100_000)(self._piece)

    @classmethod
    def learn(cls, renderer: Renderer, dialogues: int = 20_000, dialogues_a_category: int = 1500) -> Self:
        """The same each time: words from dialogues of each category, pairs from the first of seed 0."""
        pattern = words_pattern(known_words(renderer, dialogues_a_category))
        texts = [renderer.text(dialogue) for dialogue in islice(training_dialogues(0), dialogues)]
        plain = re.sub("|".join(map(re.escape, SPECIALS)), "\n", "".join(texts))
        return cls(train_bpe(plain, VOCAB_SIZE, SPECIALS, words=re.compile(pattern), spare=True), pattern)

    def save(self, file: Path) -> None:
        """Writes it down, so that whoever resumes or exports need not learn it again."""
        content = {
            "pattern": self.pattern,
            "merges": [[left.hex(), right.hex()] for left, right in self.pairs.merges],
            "padding": [token.decode() for token in self.pairs.padding],
        }
        file.write_bytes(msgspec.json.format(msgspec.json.encode(content), indent=1) + b"\n")

    @classmethod
    def load(cls, file: Path) -> Self:
        """Reads what `save` has written."""
        content = msgspec.json.decode(file.read_bytes())
        merges = tuple((bytes.fromhex(left), bytes.fromhex(right)) for left, right in content["merges"])
        padding = tuple(token.encode() for token in content["padding"])
        return cls(BytePairs(SPECIALS, merges, padding), content["pattern"])

    def encode(self, text: str) -> list[int]:
        """Token ids, as the served tokenizer gives them."""
        ids: list[int] = []
        for index, part in enumerate(self._specials.split(text)):
            if index % 2:
                ids.append(self._ids[part.encode()])
            else:
                for piece in self._pieces.findall(part):
                    ids += self.piece(piece)
        return ids

    def decode(self, ids: Iterable[int]) -> str:
        """The text, special tokens too."""
        tokens = self.pairs.tokens
        return b"".join(tokens[index] for index in ids).decode(errors="replace")

    def _piece(self, piece: str) -> list[int]:
        """The ids of one piece: the merge learned first is made first."""
        parts = [bytes([byte]) for byte in piece.encode()]
        while len(parts) > 1:
            ranks = [self._ranks.get(pair, len(self._ranks)) for pair in pairwise(parts)]
            best = min(ranks)
            if best == len(self._ranks):
                break
            at = ranks.index(best)
            parts[at : at + 2] = [parts[at] + parts[at + 1]]
        return [self._ids[part] for part in parts]
