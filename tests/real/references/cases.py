"""What was recorded beside plain answers: penalties, beams, draws."""

from __future__ import annotations

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
    "weather": "We walked for five very long days, from the village by the lake up to the pass, and slept in the huts. "
    "Yesterday the weather in the mountains was",
    "city": "Lisbon, Porto, Oslo, Vienna, Rome and Athens: I have seen a great many cities. And yet the one that I love "
    "most is in",
}
"""Texts after which many tokens are likely. Of 33 tokens each: a block of the cache, which draws share, and one."""

SAMPLINGS: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "plain": ("weather", {}),
    "hot": ("city", {"temperature": 1.5, "top_k": 100}),
    "cold": ("weather", {"temperature": 0.6}),
    "top_k": ("city", {"top_k": 12}),
    "top_p": ("weather", {"top_p": 0.7}),
    "min_p": ("city", {"min_p": 0.05}),
    "top_p of a cold one": ("city", {"temperature": 0.7, "top_p": 0.9}),
    "min_p of a hot one": ("weather", {"temperature": 1.4, "min_p": 0.04}),
}
"""A start and how the next token is drawn."""
