"""What was recorded of transformers, by cases that the tests and the recorder share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

FILE: Final = Path(__file__).with_name("references.json")
TOKENS: Final = 32
"""How long the recorded answers are at most."""

PENALTIES: Final[dict[str, tuple[str, dict[str, float]]]] = {
    "repetition": ("story", {"repetition_penalty": 1.3}),
    "repetition below 1": ("list", {"repetition_penalty": 0.9}),
    "frequency": ("blanks", {"frequency_penalty": 1.2}),
    "presence": ("translate", {"presence_penalty": 1.5}),
    "negative frequency": ("chinese", {"frequency_penalty": -0.5}),
    "all three": (
        "four turns",
        {"repetition_penalty": 1.1, "frequency_penalty": 0.7, "presence_penalty": 0.4},
    ),
}
"""A chat's name and its penalties."""

BEAMS: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "four": ("capital", {"n": 4, "best_of": 4}),
    "the best of six": ("code", {"n": 1, "best_of": 6}),
    "long": ("sum", {"n": 3, "best_of": 3, "length_penalty": 2.0}),
    "short": ("sum", {"n": 3, "best_of": 3, "length_penalty": -1.0}),
    "early": ("greeting", {"n": 3, "best_of": 3, "early_stopping": True}),
    "never": ("list", {"n": 3, "best_of": 3, "early_stopping": "never"}),
}
"""A chat's name and its beam search."""

STARTS: Final = {
    "weather": "Yesterday the weather in the mountains was",
    "name": "My favourite city in the world is",
}
"""Texts after which many tokens are likely."""

SAMPLINGS: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "plain": ("weather", {}),
    "hot": ("name", {"temperature": 1.5, "top_k": 100}),
    "cold": ("weather", {"temperature": 0.6}),
    "top_k": ("name", {"top_k": 12}),
    "top_p": ("weather", {"top_p": 0.7}),
    "min_p": ("name", {"min_p": 0.05}),
    "top_p of a cold one": ("name", {"temperature": 0.7, "top_p": 0.9}),
    "min_p of a hot one": ("weather", {"temperature": 1.4, "min_p": 0.04}),
}
"""A start and how the next token is drawn."""


@dataclass(frozen=True)
class Text:
    """A greedy answer: its tokens, and the model's own log-probability of each."""

    ids: list[int]
    text: str
    logprobs: list[float]


@dataclass(frozen=True)
class Chat(Text):
    """A conversation's answer, and its prompt as tokens."""

    prompt: list[int]
