"""An answer in parts, read from the chunks of a chat completion."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import msgspec

from ovpipe.cli.chatting.transport import ChatError


@dataclass(frozen=True, slots=True)
class Said:
    """Words of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Thought:
    """Words of the reasoning before it."""

    text: str


@dataclass(frozen=True, slots=True)
class Called:
    """A whole call of a tool; `arguments` is JSON as the model wrote it."""

    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Finished:
    """Why the answer ended, and after how many tokens where the server said it."""

    reason: str
    tokens: int | None


Part: TypeAlias = Said | Thought | Called | Finished


class Answer:
    """Reads one streamed answer. The whole answer of a server that does not stream is read as one chunk.

    It reads the first choice only. It accepts chunks that lack fields, and chunks with unknown fields.
    """

    def __init__(self) -> None:
        self._calls: dict[int, tuple[list[str], list[str]]] = {}
        """The pieces of each call's name and arguments."""
        self._reason: str | None = None
        self._tokens: int | None = None

    def read(self, chunk: str | bytes) -> Iterator[Part]:
        """The parts in a chunk; ChatError when it is an error, or no chunk."""
        try:
            read = msgspec.json.decode(chunk, type=_Chunk)
        except msgspec.MsgspecError as error:
            raise ChatError(
                f"the answer has a part that is no chunk of a chat completion: {error}"
            ) from error
        if read.error is not None:
            raise ChatError(message_of(read.error))
        if read.usage is not None:
            self._tokens = read.usage.completion_tokens
        for choice in read.choices or ():
            if choice.index == 0:
                yield from self._read_choice(choice)

    def end(self) -> Iterator[Part]:
        """The parts that are known only at the end; ChatError when the answer ended too early."""
        if self._reason is None:
            raise ChatError("the answer broke off before its end")
        for name, arguments in self._calls.values():
            yield Called("".join(name), "".join(arguments))
        yield Finished(self._reason, self._tokens)

    def _read_choice(self, choice: _Choice) -> Iterator[Part]:
        self._reason = choice.finish_reason or self._reason
        delta = choice.delta or choice.message or _Delta()
        # Servers that changed the name of this field send both for a while.
        if thought := delta.reasoning_content or delta.reasoning:
            yield Thought(thought)
        if said := delta.content or delta.refusal:
            yield Said(said)
        for call in delta.tool_calls or ():
            index = len(self._calls) if call.index is None else call.index
            name, arguments = self._calls.setdefault(index, ([], []))
            name.append(call.function.name or "")
            arguments.append(call.function.arguments or "")


def message_of(error: object) -> str:
    """The message in an error, whichever of the usual forms it has: OpenAI's, FastAPI's, or a text."""
    if isinstance(error, dict):
        for key in ("error", "message", "detail"):
            if error.get(key):
                return message_of(error[key])
    return error if isinstance(error, str) else json.dumps(error, ensure_ascii=False)


class _Function(msgspec.Struct):
    name: str | None = None
    arguments: str | None = None


class _Call(msgspec.Struct):
    index: int | None = None
    function: _Function = msgspec.field(default_factory=_Function)


class _Delta(msgspec.Struct):
    content: str | None = None
    refusal: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    tool_calls: list[_Call] | None = None


class _Choice(msgspec.Struct):
    index: int = 0
    delta: _Delta | None = None
    message: _Delta | None = None
    finish_reason: str | None = None


class _Usage(msgspec.Struct):
    completion_tokens: int | None = None


class _Chunk(msgspec.Struct):
    choices: list[_Choice] | None = None
    usage: _Usage | None = None
    error: object = None
