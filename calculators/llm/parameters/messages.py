"""Messages: how a conversation is read from JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import msgspec

from ovpipe.calculators.llm.packets import Message, TextPart
from ovpipe.calculators.llm.parameters.contents import CONTENT_IN_WORDS, TEXT, content_schema, read_content
from ovpipe.calculators.llm.parameters.tool_calls import (
    CALLS_SCHEMA,
    FUNCTION_SCHEMA,
    read_function_call,
    read_tool_calls,
)
from ovpipe.calculators.llm.parameters.values import (
    Ignored,
    Schema,
    missing,
    unsupported,
    wrong_type,
    wrong_value,
)

ROLES: Final = ("system", "developer", "user", "assistant", "tool", "function")
ROLES_IN_WORDS: Final = "one of 'system', 'developer', 'user', 'assistant', 'tool'"
TEXTS: Final = ("name", "tool_call_id", "reasoning_content", "reasoning", "refusal")
CALLS: Final = ("tool_calls", "function_call")
EMPTY_IS_NONE: Final = {True: ("content", "tool_calls"), False: ("tool_calls",)}
"""Where [] means absent: in an assistant's message, and in others."""


@dataclass(frozen=True, slots=True)
class Messages:
    """A non-empty list of messages.

    The forms that came before tool calls are read as tool calls: an assistant's `function_call`, and the
    role "function", whose message becomes the tool message that answers the latest call of its name.
    """

    def read(self, value: Any, path: str, ignored: Ignored) -> tuple[Message, ...]:
        """See Kind."""
        if type(value) is not list:
            raise wrong_type(path, self.describe())
        if not value:
            raise wrong_value(path, self.describe())
        messages = []
        latest: dict[str | None, str] = {}  # the id of the latest call of each function
        for at, member in enumerate(value):
            message = read_message(member, f"{path}[{at}]", ignored, call_id=f"call_{at}")
            latest |= {call.name: call.id for call in message.tool_calls}
            if message.role == "tool" and message.tool_call_id is None:
                message = msgspec.structs.replace(message, tool_call_id=latest.get(message.name))
            messages.append(message)
        return tuple(messages)

    def describe(self) -> str:
        """See Kind."""
        return "a non-empty list of messages"

    def schema(self) -> Schema:
        """See Kind."""
        text, content = {"type": "string"}, content_schema("text")
        said: Schema = {
            "content": {"anyOf": [*content_schema("text", "refusal")["anyOf"], {"type": "null"}]},
            "tool_calls": CALLS_SCHEMA,
            "function_call": {"anyOf": [FUNCTION_SCHEMA, {"type": "null"}]},
        }
        kinds = [
            message_schema("system", "developer", "user", required=["content"], content=content),
            message_schema("assistant", required=[], **said),
            message_schema("tool", required=["content", "tool_call_id"], content=content, tool_call_id=text),
            message_schema("function", required=["name"], content=content, name=text),
        ]
        return {"type": "array", "minItems": 1, "items": {"anyOf": kinds}}


def message_schema(*roles: str, required: list[str], **members: Schema) -> Schema:
    """The JSON Schema of a message with one of these roles."""
    texts = {name: {"type": ["string", "null"]} for name in TEXTS}
    return {
        "type": "object",
        "properties": {"role": {"enum": list(roles)}, **texts, **members},
        "required": ["role", *required],
    }


def read_message(value: Any, path: str, ignored: Ignored, *, call_id: str = "call_0") -> Message:
    """One message; raises RequestError 400. `call_id` is the id of its call, where the form has none."""
    if type(value) is not dict:
        raise wrong_type(path, "an object with 'role' and 'content'")
    if value.get("role") is None:
        raise missing(f"{path}.role", ROLES_IN_WORDS)
    role = read_role(value["role"], f"{path}.role")
    fields: dict[str, Any] = {}
    for key, member in value.items():
        place = f"{path}.{key}"
        if key == "role" or member is None or (member == [] and key in EMPTY_IS_NONE[role == "assistant"]):
            continue
        if key in CALLS and role != "assistant":
            raise wrong_value(place, "absent unless the role is 'assistant'")
        if key == "content":
            fields[key] = read_content(member, place, ignored, role)
        elif key == "tool_calls":
            fields[key] = read_tool_calls(member, place, ignored)
        elif key == "function_call":
            fields[key] = read_function_call(member, place, ignored, id=call_id)
        elif key == "audio":
            raise unsupported(place, "is an answer in sound, and this model reads text only")
        elif key in TEXTS:
            fields[key] = TEXT.read(member, place, ignored)
        else:
            ignored.add(f"messages.{key}")
    return _message(role, fields, path)


def _message(role: str, fields: dict[str, Any], path: str) -> Message:
    """The message of fields that are right each by itself."""
    required = {"tool": "tool_call_id", "function": "name"}.get(role)
    if required is not None and required not in fields:
        raise missing(f"{path}.{required}", TEXT.describe())
    reasoning = fields.get("reasoning_content", fields.get("reasoning"))
    calls = fields.get("tool_calls", ())
    if not calls and "function_call" in fields:
        calls = (fields["function_call"],)
    return Message(
        role="tool" if role == "function" else role,
        content=_content(role, fields, path, may_be_none=bool(calls)),
        name=fields.get("name"),
        tool_call_id=fields.get("tool_call_id"),
        tool_calls=calls,
        reasoning_content=reasoning,
    )


def _content(
    role: str, fields: dict[str, Any], path: str, *, may_be_none: bool
) -> str | tuple[TextPart, ...] | None:
    """What the message says. An assistant's refusal is what it said."""
    if "content" in fields:
        content: str | tuple[TextPart, ...] = fields["content"]
        return content
    if role == "assistant" and "refusal" in fields:
        refusal: str = fields["refusal"]
        return refusal
    if may_be_none:
        return None
    if role in ("function", "assistant"):  # may have said nothing: an answer cut off in its thoughts has not
        return ""
    raise missing(f"{path}.content", CONTENT_IN_WORDS)


def read_role(value: Any, path: str) -> str:
    """A role of OpenAI's."""
    if type(value) is not str:
        raise wrong_type(path, ROLES_IN_WORDS)
    if value not in ROLES:
        raise wrong_value(path, ROLES_IN_WORDS)
    return value
