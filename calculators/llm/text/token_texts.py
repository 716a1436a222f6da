"""TokenTexts: tokens as logprobs show them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from ovpipe.calculators.llm.packets import OutputDelta
from ovpipe.engines.protocol import LikelyToken, PromptToken, Token
from ovpipe.tokenizers.detokenizer import Detokenizer
from ovpipe.tokenizers.tokenizer import Tokenizer

LEAST: Final = -9999.0
"""The log-probability of what cannot be, as OpenAI's service and vLLM write it."""


class TokenTexts:
    """The text of single tokens. A token may be less than a character; then its bytes say more.

    `as_ids` writes "token_id:17" in place of a text, and so does the lack of a tokenizer.
    """

    def __init__(
        self, tokenizer: Tokenizer | None, *, as_ids: bool = False, skip_special_tokens: bool = True
    ) -> None:
        self._tokenizer = tokenizer
        self._skip_special_tokens = skip_special_tokens
        self._bytes = [] if tokenizer is None else tokenizer.token_bytes
        self._as_ids = as_ids or tokenizer is None

    def bytes_of(self, token: int) -> bytes:
        """A token's bytes; none for one beyond the vocabulary."""
        return self._bytes[token] if 0 <= token < len(self._bytes) else b""

    def text_of(self, token: int) -> str:
        """A token's text."""
        return f"token_id:{token}" if self._as_ids else self.bytes_of(token).decode(errors="replace")

    def chat_logprobs(self, delta: OutputDelta) -> dict[str, Any]:
        """The logprobs of a chat's choice."""
        return {"content": [self._entry(token) for token in delta.tokens], "refusal": None}

    def completion_logprobs(
        self, tokens: Sequence[Token], offsets: Offsets, top: int | None = None
    ) -> dict[str, Any]:
        """The logprobs of a completion's choice; `offsets` is the choice's own.

        `top` is how many of the likeliest tokens to list at each place; None: all that are known.
        """
        return {
            "tokens": [self.text_of(token.id) for token in tokens],
            "token_logprobs": [shown(token.logprob) for token in tokens],
            "top_logprobs": [self._top(token, top) for token in tokens],
            "text_offset": offsets.of(tokens),
        }

    def prompt_logprobs(self, tokens: Sequence[PromptToken], top: int) -> list[dict[str, Any] | None]:
        """A prompt's tokens as vLLM writes them: by id, each with the likeliest at its place."""
        return [self._ranked(token, top) for token in tokens]

    def offsets(self) -> Offsets:
        """The places of the tokens of one choice in its text."""
        return Offsets(self._tokenizer, skip_special_tokens=self._skip_special_tokens)

    def _entry(self, token: Token) -> dict[str, Any]:
        return self._seen(token) | {"top_logprobs": [self._seen(likely) for likely in token.top_logprobs]}

    def _seen(self, token: Token | LikelyToken) -> dict[str, Any]:
        return {
            "token": self.text_of(token.id),
            "logprob": shown(token.logprob),
            "bytes": list(self.bytes_of(token.id)),
        }

    def _top(self, token: Token, count: int | None) -> dict[str, float | None] | None:
        """The likeliest tokens at a place, and the one that stands there; None: nothing is known of it."""
        if token.logprob is None:
            return None
        top: dict[str, float | None] = {
            self.text_of(seen.id): shown(seen.logprob) for seen in token.top_logprobs[:count]
        }
        return top | {self.text_of(token.id): shown(token.logprob)}

    def _ranked(self, token: PromptToken, count: int) -> dict[str, Any] | None:
        if token.logprob is None:
            return None
        ranked: list[tuple[Token | LikelyToken, int | None]] = [(token, token.rank)]
        ranked += [(likely, rank) for rank, likely in enumerate(token.top_logprobs[:count], 1)]
        found: dict[str, Any] = {}
        for seen, rank in ranked:
            entry = {"logprob": shown(seen.logprob), "rank": rank, "decoded_token": self.text_of(seen.id)}
            found.setdefault(str(seen.id), entry)
        return found


def shown(logprob: float | None) -> float | None:
    """A log-probability in JSON, which has no infinity: what cannot be has `LEAST`."""
    return None if logprob is None else max(logprob, LEAST)


class Offsets:
    """Where each token of a growing text begins in what people see of it.

    A token that is not shown begins where the text has got to, and so does each part of a character but
    the last. Without a tokenizer all are 0.
    """

    def __init__(self, tokenizer: Tokenizer | None, *, skip_special_tokens: bool) -> None:
        self._tokenizer = tokenizer
        self._skip_special_tokens = skip_special_tokens
        self._detokenizer: Detokenizer | None = None
        self._at = 0

    def of(self, tokens: Sequence[Token]) -> list[int]:
        """The places of the next tokens."""
        if self._tokenizer is None:
            return [0] * len(tokens)
        if self._detokenizer is None:  # few answers want places
            self._detokenizer = self._tokenizer.detokenizer(skip_special_tokens=self._skip_special_tokens)
        places = []
        for token in tokens:
            places.append(self._at)
            self._at += len(self._detokenizer.push((token.id,)))
        return places
