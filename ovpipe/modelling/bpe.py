"""Byte-level byte-pair encoding: a vocabulary of byte strings, learned from a text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

Pair = tuple[bytes, bytes]

# GPT-2's pre-tokenizer (openai/gpt-2, src/encoder.py) in the words of Python's re: \p{L} is a word
# character that is neither a digit nor "_".
_WORDS = re.compile(r"'s|'t|'re|'ve|'m|'ll|'d| ?[^\W\d_]+| ?\d+| ?(?:[^\s\w]|_)+|\s+(?!\S)|\s+")


@dataclass(frozen=True)
class BytePairs:
    """A vocabulary and the merges that lead to it.

    Ids: the special tokens, the 256 bytes, then one token for each merge in the order they were
    learned, then any tokens that only pad the vocabulary and that no text encodes to. A merge joins
    tokens that stand before it, and no two tokens have the same bytes.
    """

    specials: tuple[str, ...]
    merges: tuple[Pair, ...]
    padding: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        known = {bytes([byte]) for byte in range(256)}
        for left, right in self.merges:
            if left not in known or right not in known:
                raise ValueError(f"the merge of {left!r} and {right!r} joins what no merge before it made")
            known.add(left + right)
        if len({*self.tokens}) < len(self.tokens):
            raise ValueError("two tokens have the same bytes")

    @property
    def tokens(self) -> list[bytes]:
        """The bytes of each token by its id."""
        return [
            *(special.encode() for special in self.specials),
            *(bytes([byte]) for byte in range(256)),
            *(left + right for left, right in self.merges),
            *self.padding,
        ]


def train_bpe(
    text: str,
    vocab_size: int,
    specials: Sequence[str],
    *,
    words: re.Pattern[str] = _WORDS,
    spare: bool = False,
) -> BytePairs:
    """Learns merges until the vocabulary has `vocab_size` tokens, special tokens and bytes included.

    With `spare`, a text that has no more pairs leaves the rest of the vocabulary to tokens that only pad it.
    `words` finds the pieces that tokens do not reach beyond; build_tokenizer must be given the same.
    Each merge joins the pair of neighbours that is most frequent within the words of `text`; of equals,
    the pair that is last in the order of its bytes. Raises ValueError when the text has no more pairs.
    """
    count = vocab_size - 256 - len(specials)
    if count < 0:
        raise ValueError(f"vocab_size {vocab_size} has no room for {256 + len(specials)} bytes and specials")
    counts = Counter(words.findall(text))
    pieces = [([bytes([byte]) for byte in word.encode()], times) for word, times in sorted(counts.items())]
    merges: list[Pair] = []
    known: set[bytes] = set()
    while len(merges) < count:
        pairs: Counter[Pair] = Counter()
        for parts, times in pieces:
            for pair in pairwise(parts):
                pairs[pair] += times
        # Two pairs may make the same bytes (a+aa, aa+a); a vocabulary names each string once.
        fresh = [(times, pair) for pair, times in pairs.items() if pair[0] + pair[1] not in known]
        if not fresh and spare:
            break
        if not fresh:
            raise ValueError(f"the text yields {len(merges)} merges; vocab_size {vocab_size} takes {count}")
        _, best = max(fresh)
        merges.append(best)
        known.add(best[0] + best[1])
        pieces = [(list(_merged(parts, best)), times) for parts, times in pieces]
    padding = tuple(f"<|spare_{index}|>".encode() for index in range(count - len(merges)))
    return BytePairs(tuple(specials), tuple(merges), padding)


def _merged(parts: Sequence[bytes], pair: Pair) -> Iterator[bytes]:
    """The parts with each occurrence of the pair joined, from the left."""
    index = 0
    while index < len(parts):
        if tuple(parts[index : index + 2]) == pair:
            yield pair[0] + pair[1]
            index += 2
        else:
            yield parts[index]
            index += 1
