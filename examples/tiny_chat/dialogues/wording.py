"""Wordings: one thing said in many ways."""

from __future__ import annotations

import re
from itertools import product
from random import Random
from string import Template

from examples.tiny_chat.dialogues.split import Split

_CHOICE = re.compile(r"\[([^][]*)\]")


class Wording:
    """Sentences written as patterns: `[please |]spell $word[.|]` has four.

    `[a|b]` is a choice, `$word` a place for a value. Which half a sentence belongs to is decided by its
    text with the places still open, so that the evaluation asks in sentences that training never saw.
    Invariant: both halves have at least one.
    """

    def __init__(self, *patterns: str) -> None:
        every = sorted({sentence for pattern in patterns for sentence in _sentences(pattern)})
        self._sentences = {split: [text for text in every if split.has(text)] for split in Split}
        training, held_out = self._sentences[Split.TRAINING], self._sentences[Split.HELD_OUT]
        if not held_out:  # of a handful of sentences none may be held out by its letters
            held_out.append(training.pop())
        if not training:
            raise ValueError(f"{patterns[0]!r} has too few sentences; give it more choices")

    def of(self, split: Split) -> list[str]:
        """The sentences of one half."""
        return self._sentences[split]

    def say(self, rng: Random, split: Split, **values: object) -> str:
        """One sentence with its places filled; most begin with a capital, as people write."""
        text = Template(rng.choice(self._sentences[split])).substitute(values)
        return text[0].upper() + text[1:] if rng.random() < 0.8 else text


def _sentences(pattern: str) -> list[str]:
    parts = [part.split("|") if index % 2 else [part] for index, part in enumerate(_CHOICE.split(pattern))]
    return ["".join(parts) for parts in product(*parts)]
