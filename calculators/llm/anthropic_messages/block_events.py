"""BlockEvents: the parts of an answer as the events of its content blocks."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator
from typing import Any, Final
from uuid import uuid4

import msgspec

from ovpipe.calculators.llm.anthropic_messages.types import (
    BlockDelta,
    BlockEvent,
    BlockStart,
    BlockStop,
    InputJsonPiece,
    SignaturePiece,
    TextAnswer,
    TextPiece,
    ThinkingAnswer,
    ThinkingPiece,
    ToolUseAnswer,
)
from ovpipe.calculators.llm.packets import CalledTool, Content, Part, Reasoning
from ovpipe.calculators.llm.templates.messages import WRAPPED, object_in

NO_INPUT: Final = msgspec.Raw(b"{}")


class BlockEvents:
    """Texts and thoughts in a row are one block each, a call is one of its own.

    With `omit_thinking` a block of thoughts has its signature alone.
    """

    def __init__(self, *, omit_thinking: bool = False) -> None:
        self.called = False
        self._omit_thinking = omit_thinking
        self._index = -1
        self._open: type[Part] | None = None
        self._signature = Signature()

    def add(self, parts: Iterable[Part]) -> Iterator[BlockEvent]:
        """The events of the next parts."""
        for part in parts:
            if isinstance(part, CalledTool):
                yield from self._call(part)
            elif part.text:
                yield from self._text(part)

    def end(self) -> Iterator[BlockEvent]:
        """Ends the block that is open, if one is."""
        if self._open is Reasoning:
            yield BlockDelta(self._index, SignaturePiece(self._signature.text))
        if self._open is not None:
            yield BlockStop(self._index)
        self._open = None

    def _text(self, part: Content | Reasoning) -> Iterator[BlockEvent]:
        thought = isinstance(part, Reasoning)
        if self._open is not type(part):
            yield from self.end()
            self._signature = Signature()
            yield from self._begin(ThinkingAnswer("", "") if thought else TextAnswer(""), type(part))
        if not thought:
            yield BlockDelta(self._index, TextPiece(part.text))
            return
        self._signature.add(part.text)
        if not self._omit_thinking:
            yield BlockDelta(self._index, ThinkingPiece(part.text))

    def _call(self, call: CalledTool) -> Iterator[BlockEvent]:
        yield from self.end()
        self.called = True
        yield from self._begin(ToolUseAnswer(f"toolu_{uuid4().hex[:24]}", call.name, NO_INPUT), CalledTool)
        yield BlockDelta(self._index, InputJsonPiece(input_of(call.arguments)))
        yield from self.end()

    def _begin(self, block: Any, kind: type[Part]) -> Iterator[BlockEvent]:
        self._index += 1
        self._open = kind
        yield BlockStart(self._index, block)


class Signature:
    """A mark of thoughts: Anthropic's API has one, and some clients send back no thoughts without it.

    It is a digest of their text, and means nothing: whoever sends thoughts back is believed.
    """

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def add(self, text: str) -> None:
        """The next piece."""
        self._hash.update(text.encode())

    @property
    def text(self) -> str:
        """The mark of all so far."""
        return base64.b64encode(self._hash.digest()).decode()


def input_of(arguments: str) -> str:
    """The input of a call, a JSON object; what a model wrote that is none stands in a member of one."""
    text = arguments if arguments.strip() else "{}"
    if object_in(text) is not None:
        return text
    return msgspec.json.encode({WRAPPED: text}).decode()
