"""Control tokens that users and tools write are text: they are tokenised as such, and end no message."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, Final, Protocol

import msgspec
from msgspec.structs import replace

from ovpipe.calculators.llm.packets import ChatRequest, Message, TextPart, Tool
from ovpipe.calculators.llm.templates.messages import text_of

UNTRUSTED: Final = ("user", "tool")
"""Roles whose words come from outside. The system's are the operator's, the assistant's the model's own."""
ANCHORS: Final = ("\n", "1", ".")
SEARCHED_AT_ONCE: Final = 65_536
"""Characters that one call of the regular expression gets, which lets no other thread run meanwhile."""
LONGEST_TOKEN: Final = 1_024
"""Characters of a control token; what is longer may be missed at the end of such a part."""


class TokenCodec(Protocol):
    """What of a tokenizer is needed here."""

    def encode(self, text: str, *, add_special_tokens: bool) -> list[int]:
        """As a Tokenizer's."""

    def decode(self, ids: Sequence[int], *, skip_special_tokens: bool = True) -> str:
        """As a Tokenizer's."""


class Marks:
    """Marks put into the control tokens of a request, by which the rendered text is split within each.

    A mark is drawn for each request, so that nobody can write it beforehand. It stands after a token's first
    character, so that neither of the two pieces has the token in it.
    """

    def __init__(self, pattern: re.Pattern[str]) -> None:
        self._pattern = pattern
        self._mark = secrets.token_hex(8)

    def put(self, messages: Sequence[Message], roles: Collection[str]) -> list[Message]:
        """The messages, marked in their contents where they have one of these roles."""
        return [
            replace(message, content=self._in_content(message.content))
            if message.role in roles and message.content is not None
            else message
            for message in messages
        ]

    def put_beside(self, request: ChatRequest) -> ChatRequest:
        """The request, marked in documents, in what its tools say of themselves, and in names of senders."""
        messages = [
            message if message.name is None else replace(message, name=self._in_text(message.name))
            for message in request.messages
        ]
        return replace(
            request,
            messages=tuple(messages),
            tools=tuple(self._in_tool(tool) for tool in request.tools),
            documents=tuple(self._in_value(document) for document in request.documents),
        )

    def split(self, text: str) -> list[str]:
        """The pieces of a rendered text."""
        return text.split(self._mark)

    def without(self, text: str) -> str:
        """A text as it would be without marks."""
        return text.replace(self._mark, "")

    def _in_content(self, content: str | tuple[TextPart, ...]) -> str | tuple[TextPart, ...]:
        if isinstance(content, str):
            return self._in_text(content)
        texts = [part.text for part in content]
        apart = sum(_count(self._pattern, text) for text in texts)
        if _count(self._pattern, "".join(map(str.strip, texts))) > apart:
            return self._in_text(text_of(content))  # a template that joins parts would make a token of two
        return tuple(TextPart(self._in_text(text)) for text in texts)

    def _in_tool(self, tool: Tool) -> Tool:
        described = self._in_value({"description": tool.description, "parameters": tool.parameters})
        return replace(tool, **described)

    def _in_value(self, value: Any) -> Any:
        """JSON, marked in its strings; keys are names that a template may look for."""
        if isinstance(value, str):
            return self._in_text(value)
        if isinstance(value, dict):
            return {key: self._in_value(member) for key, member in value.items()}
        return [self._in_value(item) for item in value] if isinstance(value, list) else value

    def _in_text(self, text: str) -> str:
        pieces: list[str] = []
        at = 0
        for match in matches(self._pattern, text):
            pieces += text[at : match.start() + 1], self._mark
            at = match.start() + 1
        return "".join([*pieces, text[at:]])


def has_any(messages: Sequence[Message], pattern: re.Pattern[str], roles: Collection[str]) -> bool:
    """Whether a message of one of these roles has a control token, if need be across parts."""
    return any(
        message.role in roles and next(matches(pattern, _all_of(message.content)), None) is not None
        for message in messages
    )


def has_any_beside(request: ChatRequest, pattern: re.Pattern[str]) -> bool:
    """Whether a control token stands in documents, in tools, or in the name of a sender."""
    names = [message.name for message in request.messages if message.name is not None]
    said = msgspec.json.encode((names, request.tools, request.documents)).decode()
    return next(matches(pattern, said), None) is not None


def matches(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    """As `finditer`, a part of the text at a time."""
    at = 0
    while at < len(text):
        end = at + SEARCHED_AT_ONCE
        match = pattern.search(text, at, end + LONGEST_TOKEN)
        if match is not None and match.start() < end:
            yield match
            end = match.end()
        at = end


def _count(pattern: re.Pattern[str], text: str) -> int:
    return sum(1 for _ in matches(pattern, text))


def encode_pieces(tokenizer: TokenCodec, pieces: Sequence[str], *, add_special_tokens: bool) -> list[int]:
    """The tokens of a text that is split where a control token is to be none."""
    tokens = tokenizer.encode(pieces[0], add_special_tokens=add_special_tokens)
    if len(pieces) > 1:
        encode = _continuation(tokenizer)
        for piece in pieces[1:]:
            tokens.extend(encode(piece))
    return tokens


def _continuation(tokenizer: TokenCodec) -> Callable[[str], list[int]]:
    """How the tokenizer encodes what is no beginning. Some begin every text with a space, as Llama 2's."""

    def encode(text: str) -> list[int]:
        return tokenizer.encode(text, add_special_tokens=False)

    if tokenizer.decode([*encode("<"), *encode("|")], skip_special_tokens=False) == "<|":
        return encode

    def encode_after_anchor(text: str) -> list[int]:
        for anchor in ANCHORS:
            before, tokens = encode(anchor), encode(anchor + text)
            if tokens[: len(before)] == before:
                return tokens[len(before) :]
        return encode(text)

    return encode_after_anchor


def _all_of(content: str | tuple[TextPart, ...] | None) -> str:
    """A content, its parts once apart and once joined."""
    if content is None or isinstance(content, str):
        return content or ""
    texts = [part.text for part in content]
    return "\n".join([*texts, "".join(map(str.strip, texts))])
