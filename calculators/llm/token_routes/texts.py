"""Token ids and texts of answers, a slice at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ovpipe.tokenizers.tokenizer import Tokenizer

DECODED_AT_ONCE: Final = 4_096
"""Tokens in one call of the detokenizer, which lets no other thread run meanwhile."""


def decoded(tokens: Sequence[int], tokenizer: Tokenizer) -> str:
    """The text of tokens that are the model's, special ones included."""
    detokenizer = tokenizer.detokenizer(skip_special_tokens=False)
    slices = range(0, len(tokens), DECODED_AT_ONCE)
    pieces = [detokenizer.push(tokens[at : at + DECODED_AT_ONCE]) for at in slices]
    return "".join([*pieces, detokenizer.flush()])
