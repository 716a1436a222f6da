"""What transformers said, as the recorder has written it."""

from __future__ import annotations

from typing import Final

import msgspec

from tests.real.references.cases import FILE


class Text(msgspec.Struct, frozen=True):
    """A greedy answer: its tokens, and the model's own log-probability of each."""

    ids: list[int]
    text: str
    logprobs: list[float]


class Chat(Text, frozen=True):
    """A conversation's answer, and its prompt as tokens."""

    prompt: list[int]


class Recorded(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The content of references.json."""

    chats: dict[str, Chat]
    penalties: dict[str, Text]
    beams: dict[str, list[str]]
    starts: dict[str, list[int]]
    distributions: dict[str, dict[int, float]]


RECORDED: Final = msgspec.json.decode(FILE.read_bytes(), type=Recorded)
