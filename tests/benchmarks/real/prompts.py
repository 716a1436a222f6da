"""Prompts of random words, each a token of the model's vocabulary."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterable, Sequence

WORD = re.compile("Ġ[a-z]{3,}")
"""In a byte-level vocabulary Ġ is the blank before a word."""


def words_of(vocabulary: Iterable[str]) -> list[str]:
    """The words that are one token with the blank before them."""
    return sorted(token[1:] for token in vocabulary if WORD.fullmatch(token))


def prompt_of(seed: str, words: Sequence[str], tokens: int) -> str:
    """So many words; another seed gives others."""
    chooser = random.Random(seed)
    return "".join(f" {chooser.choice(words)}" for _ in range(tokens))


def body_of(model: str, prompt: str, tokens: int) -> str:
    """A request of exactly so many tokens, as /v1/completions takes it from both servers."""
    return json.dumps(
        {
            "model": model,
            "prompt": prompt,
            "max_tokens": tokens,
            "temperature": 0,
            "ignore_eos": True,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
    )
