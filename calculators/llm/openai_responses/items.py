"""Items of a request's `input`, one type each, as the Responses API has them in JSON."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Sequence
from typing import Annotated, Any, Final, Literal, cast
from uuid import uuid4

from msgspec import Meta, Struct

from ovpipe.calculators.llm.packets import TextPart, ToolCall
from ovpipe.calculators.llm.parameters.unknown_keys import Ignored
from ovpipe.calculators.llm.parameters.value_types import NonEmptyText
from ovpipe.calculators.llm.parameters.wire.contents import (
    MessageContent,
    RefusalContent,
    ThoughtPiece,
    apart,
    in_parts,
    joined,
)
from ovpipe.calculators.llm.parameters.wire.messages import MOST_MESSAGES
from ovpipe.calculators.llm.responses_packets import Item

CUSTOM_INPUT: Final = "input"
"""The argument that holds a custom tool's text, where the model sees a function."""
SEALED: Final = "ovpipe-1."
"""What thoughts begin with that clients keep without reading them. It is base64, no cipher."""
OTHER_ITEMS: Final = (
    "file_search_call", "web_search_call", "computer_call", "computer_call_output", "image_generation_call",
    "code_interpreter_call", "local_shell_call", "local_shell_call_output", "shell_call", "shell_call_output",
    "apply_patch_call", "apply_patch_call_output", "mcp_list_tools", "mcp_approval_request",
    "mcp_approval_response", "mcp_call", "tool_search_call", "tool_search_output", "additional_tools",
    "configuration_update", "compaction", "compaction_trigger", "program", "program_output",
)  # fmt: skip
REFUSED_ITEMS: Final = {
    kind: f"is an item of type '{kind}', which belongs to a tool that this server does not run"
    for kind in OTHER_ITEMS
}
Status = Literal["in_progress", "completed", "incomplete"] | None
Role = Literal["user", "assistant", "system", "developer"]


class MessageItem(Struct, frozen=True, kw_only=True, tag_field="type", tag="message"):
    """What somebody says: with or without the type, as a string or in parts."""

    role: Role
    content: MessageContent
    id: str | None = None
    status: Status = None

    def kept(self) -> Item:
        """The item as it is listed."""
        assistant = self.role == "assistant"
        if isinstance(self.content, str):
            content = [
                output_text(self.content) if assistant else {"type": "input_text", "text": self.content}
            ]
        elif assistant:
            content = [
                {"type": "refusal", "refusal": part.refusal or ""}
                if isinstance(part, RefusalContent)
                else output_text(part if isinstance(part, str) else part.text or "")
                for part in self.content
            ]
        else:
            content = [{"type": "input_text", "text": part.text} for part in text_parts(self.content)]
        return {
            "id": self.id or new_id("msg"),
            "type": "message",
            "role": self.role,
            "status": self.status or "completed",
            "content": content,
        }

    @property
    def said(self) -> tuple[str | tuple[TextPart, ...], str]:
        """What it says, and the thoughts that stand in its content."""
        return apart(self.content)


class ReasoningItem(Struct, frozen=True, kw_only=True, tag_field="type", tag="reasoning"):
    """What the model thought, in full, or told in short, or sealed."""

    summary: list[ThoughtPiece] | None = None
    content: list[ThoughtPiece] | None = None
    encrypted_content: str | None = None
    id: str | None = None
    status: Status = None

    @property
    def thoughts(self) -> str:
        """The words of it that there are."""
        return joined(self.content or ()) or unsealed(self.encrypted_content) or joined(self.summary or ())

    def kept(self) -> Item:
        """The item as it is listed."""
        item: dict[str, Any] = {
            "id": self.id or new_id("rs"),
            "type": "reasoning",
            "summary": [{"type": "summary_text", "text": piece.text} for piece in self.summary or ()],
            "content": [{"type": "reasoning_text", "text": piece.text} for piece in self.content or ()],
        }
        if self.encrypted_content is not None:
            item["encrypted_content"] = self.encrypted_content
        return item | {"status": self.status or "completed"}


class CallItem(Struct, frozen=True, kw_only=True):
    """A call of a tool, by the id that its output names."""

    call_id: NonEmptyText
    name: NonEmptyText
    id: str | None = None
    status: Status = None


class FunctionCallItem(CallItem, frozen=True, kw_only=True, tag_field="type", tag="function_call"):
    """A call of a function."""

    arguments: str

    @property
    def call(self) -> ToolCall:
        """The graph's call."""
        return ToolCall(id=self.call_id, name=self.name, arguments=self.arguments or "{}")

    def kept(self) -> Item:
        """The item as it is listed."""
        return {
            "id": self.id or new_id("fc"),
            "type": "function_call",
            "call_id": self.call_id,
            "name": self.name,
            "arguments": self.arguments,
            "status": self.status or "completed",
        }


class CustomToolCallItem(CallItem, frozen=True, kw_only=True, tag_field="type", tag="custom_tool_call"):
    """A call of a tool that takes a text."""

    input: str

    @property
    def call(self) -> ToolCall:
        """The graph's call, of a function with one argument."""
        arguments = json.dumps({CUSTOM_INPUT: self.input}, ensure_ascii=False)
        return ToolCall(id=self.call_id, name=self.name, arguments=arguments)

    def kept(self) -> Item:
        """The item as it is listed."""
        return {
            "id": self.id or new_id("ctc"),
            "type": "custom_tool_call",
            "call_id": self.call_id,
            "name": self.name,
            "input": self.input,
            "status": self.status or "completed",
        }


class OutputItem(Struct, frozen=True, kw_only=True):
    """What a tool gave."""

    call_id: NonEmptyText
    output: MessageContent
    id: str | None = None
    status: Status = None

    @property
    def said(self) -> str | tuple[TextPart, ...]:
        """The content of the graph's message."""
        return in_parts(self.output)

    def listed(self, kind: str, prefix: str) -> Item:
        """The item as it is listed."""
        output: Any = self.output
        if not isinstance(output, str):
            output = [{"type": "input_text", "text": part.text} for part in text_parts(output)]
        return {
            "id": self.id or new_id(prefix),
            "type": kind,
            "call_id": self.call_id,
            "output": output,
            "status": self.status or "completed",
        }


class FunctionCallOutputItem(
    OutputItem, frozen=True, kw_only=True, tag_field="type", tag="function_call_output"
):
    """What a function gave."""

    def kept(self) -> Item:
        """The item as it is listed."""
        return self.listed("function_call_output", "fco")


class CustomToolCallOutputItem(
    OutputItem, frozen=True, kw_only=True, tag_field="type", tag="custom_tool_call_output"
):
    """What a tool gave that takes a text."""

    def kept(self) -> Item:
        """The item as it is listed."""
        return self.listed("custom_tool_call_output", "ctco")


AnyItem = (
    MessageItem
    | ReasoningItem
    | FunctionCallItem
    | CustomToolCallItem
    | FunctionCallOutputItem
    | CustomToolCallOutputItem
)
InputItem = Annotated[AnyItem, Meta(extra={"unsupported": REFUSED_ITEMS})]
InputItems = Annotated[list[InputItem], Meta(max_length=MOST_MESSAGES)]
InputValue = Annotated[
    str | InputItems, Meta(extra={"words": f"a string, or a list of at most {MOST_MESSAGES} items"})
]


def items_of(value: str | Sequence[AnyItem], path: str) -> tuple[AnyItem, ...]:
    """The items; a string is what the user says."""
    return (MessageItem(role="user", content=value),) if isinstance(value, str) else tuple(value)


def with_types(value: Any, ignored: Ignored) -> Any:
    """The items with their types, which messages may leave out."""
    if type(value) is not list or not any(map(has_no_type, value)):
        return value
    return [{**item, "type": "message"} if has_no_type(item) else item for item in value]


def has_no_type(item: Any) -> bool:
    """Whether an item is a message without its type."""
    return type(item) is dict and item.get("type") is None and "role" in item


def text_parts(content: str | Sequence[Any]) -> Iterable[TextPart]:
    """A content that came in parts."""
    return cast("Iterable[TextPart]", in_parts(content) or ())


def output_text(text: str) -> dict[str, Any]:
    """A text of the model's, as a part of a message."""
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def new_id(prefix: str) -> str:
    """An id for an item or a response, which nobody can guess."""
    return f"{prefix}_{uuid4().hex}"


def sealed(thoughts: str) -> str:
    """Thoughts as `encrypted_content`, for clients that send nothing else of them back."""
    return SEALED + base64.urlsafe_b64encode(thoughts.encode()).decode()


def unsealed(text: str | None) -> str:
    """The thoughts in an `encrypted_content`; none in what another server has made."""
    if text is None or not text.startswith(SEALED):
        return ""
    try:
        return base64.b64decode(text.removeprefix(SEALED), b"-_", validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return ""
