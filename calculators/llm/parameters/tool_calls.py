"""Tool calls of the history: how the functions that an assistant called are read from JSON."""

from __future__ import annotations

import json
from typing import Any, Final

from ovpipe.calculators.llm.packets import ToolCall
from ovpipe.calculators.llm.parameters.values import (
    Ignored,
    Schema,
    Text,
    missing,
    unsupported,
    wrong_type,
    wrong_value,
)

NAME: Final = Text(may_be_empty=False)
TEXT: Final = Text()
CALL_IN_WORDS: Final = "an object with 'id', 'type' and 'function'"
FUNCTION_IN_WORDS: Final = "an object with 'name' and 'arguments'"
ARGUMENTS_IN_WORDS: Final = "a string, JSON as a rule, or an object"
NO_ARGUMENTS: Final = "{}"
FUNCTION_SCHEMA: Final[Schema] = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 1},
        "arguments": {"type": ["string", "object", "null"]},
    },
    "required": ["name"],
}
CALLS_SCHEMA: Final[Schema] = {
    "type": ["array", "null"],
    "items": {
        "type": "object",
        "properties": {
            "id": {"type": "string", "minLength": 1},
            "type": {"const": "function"},
            "function": FUNCTION_SCHEMA,
        },
        "required": ["id", "function"],
    },
}


def read_tool_calls(value: Any, path: str, ignored: Ignored) -> tuple[ToolCall, ...]:
    """The calls of one message. An empty list, which some clients send, is none."""
    if type(value) is not list:
        raise wrong_type(path, "a list of tool calls")
    return tuple(_read_call(call, f"{path}[{at}]", ignored) for at, call in enumerate(value))


def read_function_call(value: Any, path: str, ignored: Ignored, *, id: str) -> ToolCall:
    """`function_call`, the form that came before tool_calls: it has no id of its own, so it gets one."""
    name, arguments = _read_function(value, path, ignored, "messages.function_call")
    return ToolCall(id=id, name=name, arguments=arguments)


def _read_call(value: Any, path: str, ignored: Ignored) -> ToolCall:
    if type(value) is not dict:
        raise wrong_type(path, CALL_IN_WORDS)
    kind = value.get("type")
    if kind == "custom":
        raise unsupported(path, "is a call of type 'custom', and this server's tools are functions")
    if kind is not None and kind != "function":
        raise wrong_value(f"{path}.type", "'function'")
    if value.get("id") is None:
        raise missing(f"{path}.id", NAME.describe())
    call_id = NAME.read(value["id"], f"{path}.id", ignored)
    if value.get("function") is None:
        raise missing(f"{path}.function", FUNCTION_IN_WORDS)
    name, arguments = _read_function(
        value["function"], f"{path}.function", ignored, "messages.tool_calls.function"
    )
    for key in value:
        if key not in ("id", "type", "function"):
            ignored.add(f"messages.tool_calls.{key}")
    return ToolCall(id=call_id, name=name, arguments=arguments)


def _read_function(value: Any, path: str, ignored: Ignored, known_as: str) -> tuple[str, str]:
    if type(value) is not dict:
        raise wrong_type(path, FUNCTION_IN_WORDS)
    if value.get("name") is None:
        raise missing(f"{path}.name", NAME.describe())
    for key in value:
        if key not in ("name", "arguments"):
            ignored.add(f"{known_as}.{key}")
    name = NAME.read(value["name"], f"{path}.name", ignored)
    return name, _read_arguments(value.get("arguments"), f"{path}.arguments", ignored)


def _read_arguments(value: Any, path: str, ignored: Ignored) -> str:
    """The arguments as a text. OpenAI takes a string only; some clients send the object itself."""
    if value is None:
        return NO_ARGUMENTS
    if type(value) is dict:
        value = json.dumps(value, ensure_ascii=False)
    elif type(value) is not str:
        raise wrong_type(path, ARGUMENTS_IN_WORDS)
    return TEXT.read(value, path, ignored)
