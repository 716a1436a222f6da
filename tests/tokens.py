"""Tokens as tests write and read them: by their ids."""

from __future__ import annotations

from collections.abc import Iterable

from ovpipe.engines.protocol import Token


def tokens(*ids: int) -> list[Token]:
    """Tokens of which only the ids are known."""
    return [Token(token) for token in ids]


def scored(*pairs: tuple[int, float]) -> list[Token]:
    """Tokens with their log-probabilities."""
    return [Token(token, logprob) for token, logprob in pairs]


def ids(found: Iterable[Token]) -> list[int]:
    """The ids of tokens."""
    return [token.id for token in found]


def logprobs(found: Iterable[Token]) -> list[float]:
    """The log-probabilities of tokens that have one."""
    return [token.logprob for token in found if token.logprob is not None]
