"""A model's tokens as llguidance knows them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from llguidance import LLTokenizer, TokenizerWrapper

from ovpipe.tokenizers.vocabulary import Vocabulary


class TokenTable(NamedTuple):
    """The tokens, and by their names the special ones that end no text."""

    tokens: LLTokenizer
    special: Mapping[str, int]


def token_table(vocabulary: Vocabulary, *, size: int, eos_token_ids: Collection[int]) -> TokenTable:
    """The bytes of all tokens that have a logit, which are `size`, and the tokens that end a text.

    Those that end a text, and logits beyond the vocabulary, have names that llguidance keeps apart from all
    text. Raises ValueError where no token ends a text.
    """
    if not eos_token_ids:
        raise ValueError("the model's folder names no token that ends a text, and a grammar has to end")
    names = {
        vocabulary.token_bytes[index].decode("utf-8", "replace"): index
        for index in sorted(vocabulary.special_ids - set(eos_token_ids))
        if index < size and vocabulary.token_bytes[index]
    }
    tokens = vocabulary.token_bytes[:size]
    tokens += [b""] * (size - len(tokens))
    # Two tokens with the same name are one to llguidance; a token without bytes is none.
    apart = [index for index, token in enumerate(tokens) if not token or index in eos_token_ids]
    for index in apart:
        tokens[index] = f"<|{index}|>".encode()
    wrapper = TokenizerWrapper(_Tokens(tokens, apart, min(eos_token_ids)))
    return TokenTable(LLTokenizer(wrapper, n_vocab=size, eos_token=sorted(eos_token_ids)), names)


class _Tokens:
    """What llguidance asks of a tokenizer."""

    bos_token_id = None

    def __init__(self, tokens: list[bytes], special_token_ids: list[int], eos_token_id: int) -> None:
        self.tokens = tokens
        self.special_token_ids = special_token_ids
        self.eos_token_id = eos_token_id
        self._ids = {token: index for index, token in enumerate(tokens)}

    def __call__(self, text: bytes) -> Sequence[int]:
        """The text byte by byte: masks do not depend on how a text would be tokenised."""
        return [self._ids[byte] for byte in map(_byte, text) if byte in self._ids]


def _byte(code: int) -> bytes:
    return bytes((code,))
