"""How long a prompt may be for an engine, and the error of one that is longer."""

from __future__ import annotations

from typing import NamedTuple

from ovpipe.engines.protocol import EngineInfo
from ovpipe.errors import RequestError


class ContextRoom(NamedTuple):
    """Tokens of prompt and completion together, and in words what holds no more."""

    tokens: int
    what: str

    @classmethod
    def of(cls, info: EngineInfo) -> ContextRoom:
        """The model's context, or the cache where that is smaller."""
        if info.context_length is not None and info.context_length <= info.cache_tokens:
            return cls(info.context_length, "This model's maximum context length is")
        return cls(info.cache_tokens, "This server's KV cache holds")

    def check(self, tokens: int, where: str, *, at_least: bool = False) -> None:
        """Raises RequestError 400 where a prompt leaves no room for a token; it has `at_least` so many."""
        if tokens >= self.tokens:
            raise RequestError(
                400,
                f"{self.what} {self.tokens} tokens. However, your {where} resulted in "
                f"{'at least ' if at_least else ''}{tokens} tokens. Please reduce the length of the {where}.",
                code="context_length_exceeded",
                param=where,
            )
