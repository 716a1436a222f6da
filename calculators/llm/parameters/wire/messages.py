"""Messages as OpenAI's chat has them in JSON, one type a role; each becomes a Message of the graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct

from ovpipe.calculators.llm.packets import Message, TextPart, ToolCall
from ovpipe.calculators.llm.parameters.value_types import says
from ovpipe.calculators.llm.parameters.wire.contents import AssistantContent, MessageContent, in_parts
from ovpipe.calculators.llm.parameters.wire.tool_calls import CalledByName, MessageToolCall

ABSENT: Final = says("absent unless the role is 'assistant'")
NoCalls = Annotated[Annotated[list[Any], Meta(max_length=0)] | None, ABSENT]
NoCall = Annotated[None, ABSENT]
Sound = Annotated[None, Meta(extra={"unsupported": "is an answer in sound, and this model reads text only"})]


class RequestMessage(Struct, frozen=True, kw_only=True, tag_field="role"):
    """What a message of any role may have."""

    name: str | None = None
    tool_call_id: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    refusal: str | None = None
    audio: Sound = None

    def made(
        self, role: str, content: str | tuple[TextPart, ...] | None, calls: tuple[ToolCall, ...] = ()
    ) -> Message:
        """The graph's message."""
        return Message(
            role=role,
            content=content,
            name=self.name,
            tool_call_id=self.tool_call_id,
            tool_calls=calls,
            reasoning_content=self.reasoning if self.reasoning_content is None else self.reasoning_content,
        )


class SystemMessage(RequestMessage, frozen=True, kw_only=True, tag="system"):
    """What the model is to be."""

    content: MessageContent
    tool_calls: NoCalls = None
    function_call: NoCall = None

    def packet(self, at: int) -> Message:
        """The graph's message."""
        return self.made(str(self.__struct_config__.tag), in_parts(self.content))


class DeveloperMessage(SystemMessage, frozen=True, kw_only=True, tag="developer"):
    """What the model is to be, by the newer name."""


class UserMessage(SystemMessage, frozen=True, kw_only=True, tag="user"):
    """What the user says."""


class ToolMessage(SystemMessage, frozen=True, kw_only=True, tag="tool"):
    """What a tool that was called gave."""

    tool_call_id: str


class FunctionMessage(RequestMessage, frozen=True, kw_only=True, tag="function"):
    """What a function gave, in the form that came before tool calls."""

    name: str
    content: MessageContent | None = None
    tool_calls: NoCalls = None
    function_call: NoCall = None

    def packet(self, at: int) -> Message:
        """The graph's message: a tool's, which answers the latest call of its name."""
        return self.made("tool", "" if self.content is None else in_parts(self.content))


class AssistantMessage(RequestMessage, frozen=True, kw_only=True, tag="assistant"):
    """What the model said, called, and thought. An answer cut off in its thoughts has said nothing."""

    content: AssistantContent | None = None
    tool_calls: Annotated[list[MessageToolCall], says("a list of tool calls")] | None = None
    function_call: CalledByName | None = None

    def packet(self, at: int) -> Message:
        """The graph's message. A refusal is what the assistant said."""
        calls: tuple[ToolCall, ...] = ()
        if self.tool_calls:
            calls = tuple([call.packet() for call in self.tool_calls])
        elif self.function_call is not None:
            calls = (self.function_call.packet(f"call_{at}"),)
        if self.content is not None:
            return self.made("assistant", in_parts(self.content), calls)
        silent = None if calls else ""
        return self.made("assistant", silent if self.refusal is None else self.refusal, calls)


AnyMessage = SystemMessage | DeveloperMessage | UserMessage | AssistantMessage | ToolMessage | FunctionMessage
Messages = Annotated[list[AnyMessage], Meta(min_length=1, extra={"words": "a non-empty list of messages"})]


def conversation(messages: Sequence[AnyMessage], path: str) -> tuple[Message, ...]:
    """The graph's messages. One of a function becomes that of the tool that was last called by its name."""
    packets = []
    latest: dict[str | None, str] = {}
    for at, message in enumerate(messages):
        packet = message.packet(at)
        for call in packet.tool_calls:
            latest[call.name] = call.id
        if packet.role == "tool" and packet.tool_call_id is None:
            packet = msgspec.structs.replace(packet, tool_call_id=latest.get(packet.name))
        packets.append(packet)
    return tuple(packets)
