"""What clients ask of a tokenizer alone: frozen values."""

from __future__ import annotations

from typing import Literal

import msgspec

from ovpipe.calculators.llm.packets import ChatRequest, CompletionRequest, Message


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


class ParseRequest(ChatRequest, frozen=True, kw_only=True):
    """A model's raw answer, to be read as one to the chat that the other fields say.

    It is either `pieces` of a text or `token_ids`. Without messages nothing is known of the prompt.
    """

    messages: tuple[Message, ...] = ()
    pieces: tuple[str, ...] | None = None
    token_ids: tuple[int, ...] | None = None
    finish_reason: Literal["stop", "length"] = "stop"
