"""A model's tokens as llguidance knows them."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from llguidance import LLTokenizer, TokenizerWrapper

from ovpipe.tokenizers.vocabulary import Vocabulary


def token_table(vocabulary: Vocabulary, *, size: int, eos_token_ids: Collection[int]) -> LLTokenizer:
    """The bytes of all tokens that have a logit, which are `size`, and the tokens that end a text.

    A special token stands for no text, so no grammar of texts takes it: it has a name that llguidance keeps
    apart from all text. So has a logit beyond the vocabulary, which no tokenizer writes. Raises ValueError
    where no token ends a text.
    """
    if not eos_token_ids:
        raise ValueError("the model's folder names no token that ends a text, and a grammar has to end")
    tokens = vocabulary.token_bytes[:size]
    tokens += [b""] * (size - len(tokens))
    # Two tokens with the same name are one to llguidance; a token without bytes is none.
    special = [
        index
        for index, token in enumerate(tokens)
        if not token or index in vocabulary.special_ids or index in eos_token_ids
    ]
    for index in special:
        tokens[index] = f"<|{index}|>".encode()
    return LLTokenizer(
        TokenizerWrapper(_Tokens(tokens, special, min(eos_token_ids))),
        n_vocab=size,
        eos_token=sorted(eos_token_ids),
    )


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
