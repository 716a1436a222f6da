"""What clients ask of a tokenizer alone: frozen values."""

from __future__ import annotations

import msgspec

from ovpipe.calculators.llm.packets import ChatRequest, CompletionRequest


class TokenizeChatRequest(ChatRequest, frozen=True, kw_only=True):
    """A conversation, rendered and tokenised as the model would see it, and shown."""

    return_token_strs: bool = False

    @property
    def generates(self) -> bool:
        return False


class TokenizeCompletionRequest(CompletionRequest, frozen=True, kw_only=True):
    """A text, tokenised and shown. It may be empty."""

    return_token_strs: bool = False

    @property
    def generates(self) -> bool:
        return False


class DetokenizeRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Token ids, to be shown as a text. None is below 0; which are the model's says its tokenizer."""

    model: str = ""
    tokens: tuple[int, ...]
    ignored: tuple[str, ...] = ()
    """Names of parameters that were let through without effect; well-formed, for a header."""
