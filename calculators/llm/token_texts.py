"""TokenTexts: tokens as logprobs show them."""

from __future__ import annotations

from typing import Any

from ovpipe.calculators.llm.packets import OutputDelta
from ovpipe.engines.tokenizer import Tokenizer


class TokenTexts:
    """The text of single tokens. A token may be less than a character; then its bytes say more.

    `as_ids` writes "token_id:17" in place of a text, and so does the lack of a tokenizer.
    """

    def __init__(self, tokenizer: Tokenizer | None, *, as_ids: bool = False) -> None:
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
        return {"content": [self._entry(*pair) for pair in paired(delta)], "refusal": None}

    def completion_logprobs(self, delta: OutputDelta, top: int, offset: int) -> dict[str, Any]:
        """The logprobs of a completion's choice, of which `offset` characters were written before."""
        tokens = [(self.text_of(token), logprob) for token, logprob in paired(delta)]
        offsets = []
        for token, _ in tokens:
            offsets.append(offset)
            offset += len(token)
        return {
            "tokens": [token for token, _ in tokens],
            "token_logprobs": [logprob for _, logprob in tokens],
            "top_logprobs": [{token: logprob} for token, logprob in tokens] if top else None,
            "text_offset": offsets,
        }

    def _entry(self, token: int, logprob: float) -> dict[str, Any]:
        return {
            "token": self.text_of(token),
            "logprob": logprob,
            "bytes": list(self.bytes_of(token)),
            "top_logprobs": [],
        }


def paired(delta: OutputDelta) -> list[tuple[int, float]]:
    """Each token with its log-probability."""
    return list(zip(delta.tokens, delta.logprobs, strict=True))
