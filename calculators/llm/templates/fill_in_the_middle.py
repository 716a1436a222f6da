"""Fill-in-the-middle: a prompt for what stands between a text and its suffix."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol


class FimTokens(NamedTuple):
    """The special tokens of one family of models, each before its part of the text, the middle last."""

    prefix: str
    suffix: str
    middle: str

    def prompt(self, before: str, after: str) -> str:
        """The text that a model continues with what stands between the two."""
        return f"{self.prefix}{before}{self.suffix}{after}{self.middle}"


FAMILIES: Final = (
    FimTokens("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"),  # Qwen2.5-Coder, CodeGemma, Granite 4
    FimTokens("<fim_prefix>", "<fim_suffix>", "<fim_middle>"),  # StarCoder, Granite Code
    FimTokens("<fim-prefix>", "<fim-suffix>", "<fim-middle>"),  # SantaCoder
    FimTokens("▁<PRE>", "▁<SUF>", "▁<MID>"),  # CodeLlama
    # DeepSeek-Coder; the bars and the blanks are no ASCII characters.
    FimTokens(
        "<\N{FULLWIDTH VERTICAL LINE}fim\N{LOWER ONE EIGHTH BLOCK}begin\N{FULLWIDTH VERTICAL LINE}>",
        "<\N{FULLWIDTH VERTICAL LINE}fim\N{LOWER ONE EIGHTH BLOCK}hole\N{FULLWIDTH VERTICAL LINE}>",
        "<\N{FULLWIDTH VERTICAL LINE}fim\N{LOWER ONE EIGHTH BLOCK}end\N{FULLWIDTH VERTICAL LINE}>",
    ),
)


class FimEncoder(Protocol):
    """What of a tokenizer is needed here."""

    def encode(self, text: str, *, add_special_tokens: bool) -> Sequence[int]:
        """As a Tokenizer's."""


def markers_of(tokenizer: FimEncoder) -> FimTokens | None:
    """The markers that the tokenizer knows, each as one token of its own; None when it knows none.

    An encoding costs about 0.2 ms, and only requests with a suffix pay for it.
    """
    return next((markers for markers in FAMILIES if _are_tokens(markers, tokenizer)), None)


def _are_tokens(markers: FimTokens, tokenizer: FimEncoder) -> bool:
    """Whether they are three tokens, and not three times the one for what is unknown."""
    seen: set[int] = set()
    for marker in markers:
        ids = tokenizer.encode(marker, add_special_tokens=False)
        if len(ids) != 1 or ids[0] in seen:
            return False
        seen.add(ids[0])
    return True
