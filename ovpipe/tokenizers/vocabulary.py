"""What the tokens of a tokenizer stand for, found by asking it."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ovpipe.tokenizers.detokenizer import REPLACEMENT
from ovpipe.tokenizers.gpt2_characters import Gpt2Characters

DecodeRows = Callable[[Sequence[Sequence[int]]], list[str]]
"""Decodes rows of ids, all of one length, to a text each; special tokens are skipped."""

SAMPLES = (
    "The quick brown fox jumps over the lazy dog; it's 3.14 o'clock, isn't it ?",
    " leading space,  two spaces,\ttab,\n\nlines \n and a trailing space ",
    "def f(x):\n    return {'a': [x ** 2, -1]}  # code",
    "Où est le garçon? Größe, façade, señor, naïve",
    "Привет, как дела? Γειά",
    "你好世界。こんにちは。안녕하세요",
    "שלום עולם مرحبا بالعالم नमस्ते",
    "😀👍🏽 👩‍💻 ∑≤≥ “quotes” … ▁ ##",
)


@dataclass(frozen=True)
class Vocabulary:
    """The bytes of each token, and whether a text is no more than its tokens' bytes, joined.

    `special_ids` are the tokens that stand for no text and are skipped when decoding; their bytes are their
    names. `plain_bytes` holds for byte-level BPE; it does not where the decoder treats a space or a token's
    place specially. There a token's bytes are what it adds to a text amid others, such as " the" for ▁the.
    """

    token_bytes: list[bytes]
    special_ids: frozenset[int]
    plain_bytes: bool


def read_vocabulary(
    ids_by_token: Mapping[bytes, int], encoded_samples: Sequence[Sequence[int]], decode: DecodeRows
) -> Vocabulary:
    """Reads the vocabulary and tries whether its bytes, joined, explain what the tokenizer decodes.

    The tokenizer may name its tokens by their bytes or by the characters GPT-2 writes for them.
    """
    table = _by_id(ids_by_token, decode)
    texts = texts_amid_others(len(table), encoded_samples[0][0], decode)
    special_ids = find_special_ids(table, texts)
    sequences = [*encoded_samples, *_random_sequences(len(table))]
    wholes = [decode([ids])[0] for ids in encoded_samples] + decode(sequences[len(encoded_samples) :])
    from_gpt2 = _from_gpt2_characters(table, special_ids)
    for candidate in (table, from_gpt2):
        if candidate is not None and joins_to(candidate, special_ids, sequences, wholes):
            return Vocabulary(candidate, special_ids, plain_bytes=True)
    added = [
        name if index in special_ids else bytes_added(name, text)
        for index, (name, text) in enumerate(zip(from_gpt2 or table, texts, strict=True))
    ]
    return Vocabulary(added, special_ids, plain_bytes=False)


def texts_amid_others(size: int, anchor: int, decode: DecodeRows) -> list[str | None]:
    """What each token adds to a text between two others; None where it changes what is around it.

    Alone, the space of a SentencePiece model would vanish.
    """
    (head,), (nothing_between,) = decode([[anchor]]), decode([[anchor, anchor]])
    tail = nothing_between.removeprefix(head)

    def added(text: str) -> str | None:
        if text == nothing_between:
            return ""
        if len(text) < len(nothing_between) or not (text.startswith(head) and text.endswith(tail)):
            return None
        return text[len(head) : len(text) - len(tail)]

    return [added(text) for text in decode([[anchor, index, anchor] for index in range(size)])]


def find_special_ids(token_bytes: Sequence[bytes], texts: Sequence[str | None]) -> frozenset[int]:
    """The tokens that add nothing to a text although they have a name.

    Bytes that a decoder drops since they are not UTF-8 are not special tokens.
    """
    return frozenset(
        index
        for index, (text, name) in enumerate(zip(texts, token_bytes, strict=True))
        if text == "" and name and not _is_part_of_character(name)
    )


def bytes_added(name: bytes, text: str | None) -> bytes:
    """The bytes of a token with this name, which adds this to a text.

    A byte that is less than a character adds none, or U+FFFD; SentencePiece writes it as <0xE4>.
    """
    if text and REPLACEMENT not in text:
        return text.encode()
    written = re.fullmatch(b"<0x([0-9A-F]{2})>", name)
    if written is not None:
        return bytes.fromhex(written[1].decode())
    return name if text is None or _is_part_of_character(name) else text.encode()


def joins_to(
    token_bytes: Sequence[bytes],
    special_ids: frozenset[int],
    sequences: Sequence[Sequence[int]],
    texts: Sequence[str],
) -> bool:
    """Whether each text is its tokens' bytes, joined.

    U+FFFD does not count: OpenVINO puts fewer of them than Python for the same invalid bytes, and some
    decoders none.
    """
    for ids, text in zip(sequences, texts, strict=True):
        joined = b"".join(token_bytes[index] for index in ids if index not in special_ids)
        if joined.decode("utf-8", errors="replace").replace(REPLACEMENT, "") != text.replace(REPLACEMENT, ""):
            return False
    return True


def _by_id(ids_by_token: Mapping[bytes, int], decode: DecodeRows) -> list[bytes]:
    """Bytes by id. Where two ids have the same bytes the mapping names one; the other is decoded."""
    table = [b""] * (max(ids_by_token.values(), default=-1) + 1)
    for token, index in ids_by_token.items():
        table[index] = token
    missing = [index for index, token in enumerate(table) if not token]
    if missing:
        for index, text in zip(missing, decode([[index] for index in missing]), strict=True):
            table[index] = text.encode()
    return table


def _random_sequences(vocab_size: int, *, count: int = 64, length: int = 16) -> list[list[int]]:
    draws = random.Random(0)
    return [[draws.randrange(vocab_size) for _ in range(length)] for _ in range(count)]


def _from_gpt2_characters(token_bytes: Sequence[bytes], special_ids: frozenset[int]) -> list[bytes] | None:
    """The table with each of GPT-2's characters replaced by its byte; None when other characters occur."""
    characters, table = Gpt2Characters(), list[bytes]()
    for index, token in enumerate(token_bytes):
        try:
            plain = token if index in special_ids else characters.bytes_of(token.decode())
        except UnicodeDecodeError:
            plain = None
        if plain is None:
            return None
        table.append(plain)
    return table


def _is_part_of_character(token: bytes) -> bool:
    """Whether it is not UTF-8 by itself, or names a byte as SentencePiece does: <0xE4>."""
    try:
        return re.fullmatch("<0x[0-9A-F]{2}>", token.decode()) is not None
    except UnicodeDecodeError:
        return True
