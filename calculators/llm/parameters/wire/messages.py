"""Messages as OpenAI's chat has them in JSON, one type a role; each becomes a Message of the graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

from msgspec import Meta, Struct
from msgspec.structs import replace

from ovpipe.calculators.llm.packets import Message, TextPart, ToolCall
from ovpipe.calculators.llm.parameters.errors import missing
from ovpipe.calculators.llm.parameters.value_types import says
from ovpipe.calculators.llm.parameters.wire.contents import MessageContent, apart, in_parts
from ovpipe.calculators.llm.parameters.wire.tool_calls import CalledByName, MessageToolCall
from ovpipe.calculators.llm.parameters.wire.tool_results import OpenCalls

MOST_MESSAGES: Final = 10_000
"""Of a conversation. The histories of agents have hundreds."""
ABSENT: Final = says("absent unless the role is 'assistant'")
NoCalls = Annotated[Annotated[list[Any], Meta(max_length=0)] | None, ABSENT]
NoCall = Annotated[None, ABSENT]
Sound = Annotated[None, Meta(extra={"unsupported": "is an answer in sound, and this model reads text only"})]


class RequestMessage(Struct, frozen=True, kw_only=True, tag_field="role"):
    """What a message of any role may have. One without content says nothing."""

    content: MessageContent | None = None
    name: str | None = None
    tool_call_id: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    refusal: str | None = None
    audio: Sound = None

    def made(
        self,
        role: str,
        content: str | tuple[TextPart, ...] | None,
        calls: tuple[ToolCall, ...] = (),
        thoughts: str = "",
    ) -> Message:
        """The graph's message. `thoughts` are those in its content, which count where it has no others."""
        return Message(
            role=role,
            content=content,
            name=self.name,
            tool_call_id=self.tool_call_id,
            tool_calls=calls,
            reasoning_content=self.reasoning_content or self.reasoning or thoughts or None,
        )


class SystemMessage(RequestMessage, frozen=True, kw_only=True, tag="system"):
    """What the model is to be."""

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


class FunctionMessage(SystemMessage, frozen=True, kw_only=True, tag="function"):
    """What a function gave, in the form that came before tool calls."""

    name: str

    def packet(self, at: int) -> Message:
        """The graph's message: a tool's."""
        return self.made("tool", in_parts(self.content))


class AssistantMessage(RequestMessage, frozen=True, kw_only=True, tag="assistant"):
    """What the model said, called, and thought. An answer cut off in its thoughts has said nothing."""

    tool_calls: Annotated[list[MessageToolCall], says("a list of tool calls")] | None = None
    function_call: CalledByName | None = None

    def packet(self, at: int) -> Message:
        """The graph's message. A refusal is what the assistant said."""
        calls: tuple[ToolCall, ...] = ()
        if self.tool_calls:
            calls = tuple([call.packet(f"call_{at}_{place}") for place, call in enumerate(self.tool_calls)])
        elif self.function_call is not None:
            calls = (self.function_call.packet(f"call_{at}"),)
        said, thoughts = apart(self.content)
        if not said and not isinstance(self.content, str):
            said = self.refusal or ""
            return self.made("assistant", said if said or not calls else None, calls, thoughts)
        return self.made("assistant", said, calls, thoughts)

    @property
    def nameless(self) -> list[int]:
        """The places of calls that have no id."""
        return [place for place, call in enumerate(self.tool_calls or ()) if not call.id]


AnyMessage = SystemMessage | DeveloperMessage | UserMessage | AssistantMessage | ToolMessage | FunctionMessage
Messages = Annotated[
    list[AnyMessage],
    Meta(
        min_length=1,
        max_length=MOST_MESSAGES,
        extra={"words": f"a non-empty list of at most {MOST_MESSAGES} messages"},
    ),
]


def conversation(messages: Sequence[AnyMessage], path: str) -> tuple[Message, ...]:
    """The graph's messages; RequestError 400 for a tool's that nothing says the call of.

    Results say which call they answer by its id, or by its name, or by their order.
    """
    packets: list[Message] = []
    calls = OpenCalls()
    for at, message in enumerate(messages):
        packet = message.packet(at)
        if isinstance(message, AssistantMessage):
            calls.add(packet.tool_calls, [packet.tool_calls[place].id for place in message.nameless])
        elif packet.role == "tool":
            answered = calls.answer(packet.tool_call_id or None, packet.name)
            if answered is None and isinstance(message, ToolMessage):
                raise missing(f"{path}[{at}].tool_call_id", "a string")
            packet = replace(packet, tool_call_id=answered)
        packets.append(packet)
    return tuple([renamed(packet, calls.renamed) for packet in packets] if calls.renamed else packets)


def renamed(message: Message, ids: Mapping[str, str]) -> Message:
    """The message, whose calls have the ids that their results gave them."""
    if not any(call.id in ids for call in message.tool_calls):
        return message
    calls = [replace(call, id=ids.get(call.id, call.id)) for call in message.tool_calls]
    return replace(message, tool_calls=tuple(calls))
