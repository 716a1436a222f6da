"""Text out of tokens that come bit by bit, never half a character."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from typing import Protocol

REPLACEMENT = "\ufffd"
"""What stands in a text for bytes that are not UTF-8, or not yet a whole character."""

_LONG_WINDOW = 16
"""Pending tokens from which on a window is moved by force; far more than a character can have."""


class Detokenizer(Protocol):
    """The text of one growing token sequence. All that push and flush gave, joined, is the whole text."""

    def push(self, ids: Sequence[int]) -> str:
        """The text that these tokens complete; empty while a character is only begun."""

    def flush(self) -> str:
        """The text of what is left over at the end: U+FFFD for a character that never was completed."""


class ByteDetokenizer:
    """For tokenizers whose text is the joined bytes of the tokens: about a microsecond a token.

    The whole text is `b"".join(bytes of the tokens not skipped).decode("utf-8", errors="replace")`.
    Tokens beyond the table have no bytes: a model's vocabulary may be padded beyond its tokenizer's.
    `texts` remembers what tokens stand for that are whole characters, for all sequences that share it; they
    must skip the same tokens.
    """

    def __init__(
        self,
        token_bytes: Sequence[bytes],
        special_ids: AbstractSet[int],
        skip_special_tokens: bool = True,
        texts: dict[int, str] | None = None,
    ) -> None:
        self._bytes = token_bytes
        self._skipped: AbstractSet[int] = special_ids if skip_special_tokens else frozenset()
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._texts = {} if texts is None else texts
        self._begun = False
        """Whether a character is begun and not complete."""

    def push(self, ids: Sequence[int]) -> str:
        alone = len(ids) == 1 and not self._begun
        if alone:
            known = self._texts.get(ids[0])
            if known is not None:
                return known
        table, skipped, size = self._bytes, self._skipped, len(self._bytes)
        text = self._decoder.decode(b"".join([table[i] for i in ids if i not in skipped and 0 <= i < size]))
        self._begun = self._decoder.getstate()[0] != b""
        if alone and not self._begun:  # nothing before it and nothing after it has part in this text
            self._texts[ids[0]] = text
        return text

    def flush(self) -> str:
        self._begun = False
        return self._decoder.decode(b"", final=True)


class WindowedDetokenizer:
    """For tokenizers whose text of a token depends on the tokens before it, as SentencePiece's does.

    Decodes a window of two parts: the context, whose text is handed out, and the tokens pending since.
    U+FFFD at the window's end may be a character only begun, and is held back. Where the text ends clean
    the window moves on: what was pending becomes the context. (The prefix and read offsets of Hugging
    Face's text-generation-inference and of vLLM do the same.) Two decodes a push. Exact for the tokens of
    any text, where what a token adds depends on the one before it at most.
    """

    def __init__(self, decode: Callable[[Sequence[int]], str]) -> None:
        self._decode = decode
        self._begin()

    def push(self, ids: Sequence[int]) -> str:
        self._pending.extend(ids)
        text = self._decode(self._context + self._pending)
        delta = self._give(text.rstrip(REPLACEMENT))
        if not text.endswith(REPLACEMENT):
            self._move(len(self._pending), text)
        elif len(self._pending) > _LONG_WINDOW:
            delta += self._cut(text)
        return delta

    def flush(self) -> str:
        rest = self._give(self._decode(self._context + self._pending))
        self._begin()
        return rest

    def _begin(self) -> None:
        self._context: list[int] = []
        self._pending: list[int] = []
        self._context_length = 0
        """Characters of the context when decoded by itself."""
        self._given = 0
        """Characters of the window that are handed out."""

    def _give(self, text: str) -> str:
        delta = text[self._given :]
        self._given = max(self._given, len(text))
        return delta

    def _move(self, count: int, text: str) -> None:
        """Makes the first `count` pending tokens the context. `text` is what the window has up to them."""
        if len(text) > self._context_length:
            ahead = self._given - len(text)
            self._context, self._pending = self._pending[:count], self._pending[count:]
            self._context_length = len(self._decode(self._context))
            self._given = self._context_length + ahead
        elif count > _LONG_WINDOW:  # tokens without any text
            self._pending = self._pending[count:]

    def _cut(self, text: str) -> str:
        """Moves a window that has grown long, since each push ended within a character, to a clean cut.

        A character that is only begun has three tokens at most, one for each byte. When no such cut ends
        clean, the bytes are none of a character: they are handed out as they are.
        """
        for held_back in (1, 2, 3):
            count = len(self._pending) - held_back
            before = self._decode(self._context + self._pending[:count])
            if not before.endswith(REPLACEMENT):
                self._move(count, before)
                return ""
        delta = self._give(text)
        self._move(len(self._pending), text)
        return delta
