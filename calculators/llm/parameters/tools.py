"""Tools: how the functions that a model may call, and whether it must, are read from JSON."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from ovpipe.calculators.llm.packets import Tool, ToolChoice
from ovpipe.calculators.llm.parameters.values import (
    OBJECT,
    Boolean,
    Ignored,
    Schema,
    Text,
    missing,
    wrong_type,
    wrong_value,
)

MOST_TOOLS: Final = 128
FUNCTION_NAME: Final = re.compile(r"[a-zA-Z0-9_.-]{1,64}", re.ASCII)
NAME_IN_WORDS: Final = "1 to 64 letters, digits, underscores, dots and hyphens"
MODES: Final = ("none", "auto", "required")
DESCRIPTION: Final = Text()

DEFINITION_SCHEMA: Final[Schema] = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "pattern": "^[a-zA-Z0-9_.-]{1,64}$"},
        "description": {"type": ["string", "null"]},
        "parameters": {"type": ["object", "null"]},
        "strict": {"type": ["boolean", "null"]},
    },
    "required": ["name"],
}
TOOL_SCHEMA: Final[Schema] = {
    "type": "object",
    "properties": {"type": {"const": "function"}, "function": DEFINITION_SCHEMA},
    "required": ["type", "function"],
}


@dataclass(frozen=True, slots=True)
class Tools:
    """A list of tools, each `{"type": "function", "function": {...}}`; no two of one name.

    `older` reads functions, which has no more than what stands in the "function" of each.
    """

    older: bool = False

    def read(self, value: Any, path: str, ignored: Ignored) -> tuple[Tool, ...]:
        """See Kind."""
        if type(value) is not list:
            raise wrong_type(path, self.describe())
        if len(value) > MOST_TOOLS:
            raise wrong_value(path, self.describe())
        read = read_function if self.older else read_tool
        return distinct([read(tool, f"{path}[{at}]", ignored) for at, tool in enumerate(value)], path)

    def describe(self) -> str:
        """See Kind."""
        return f"a list of at most {MOST_TOOLS} " + (
            "functions" if self.older else "tools of type 'function'"
        )

    def schema(self) -> Schema:
        """See Kind."""
        item = DEFINITION_SCHEMA if self.older else TOOL_SCHEMA
        return {"type": "array", "items": item, "maxItems": MOST_TOOLS}


@dataclass(frozen=True, slots=True)
class ChoiceOfTool:
    """A mode, or the one function to call. `older` reads function_call, which names it without a type."""

    older: bool = False

    def read(self, value: Any, path: str, ignored: Ignored) -> ToolChoice:
        """See Kind."""
        modes = MODES[:2] if self.older else MODES
        if type(value) is str:
            if value not in modes:
                raise wrong_value(path, self.describe())
            return ToolChoice("required" if value == "required" else "auto" if value == "auto" else "none")
        if type(value) is not dict:
            raise wrong_type(path, self.describe())
        function: Any = value
        place = path
        if not self.older:
            if value.get("type") != "function":
                raise wrong_value(f"{path}.type", "'function'")
            function, place = value.get("function"), f"{path}.function"
            if type(function) is not dict:
                raise wrong_type(place, "an object with 'name'")
        return ToolChoice("named", read_name(function.get("name"), f"{place}.name"))

    def describe(self) -> str:
        """See Kind."""
        modes = ", ".join(f"'{mode}'" for mode in (MODES[:2] if self.older else MODES))
        named = '{"name": ...}' if self.older else '{"type": "function", "function": {"name": ...}}'
        return f"{modes} or {named}"

    def schema(self) -> Schema:
        """See Kind."""
        named: Schema = {
            "type": "object",
            "properties": {"name": DEFINITION_SCHEMA["properties"]["name"]},
            "required": ["name"],
        }
        if not self.older:
            named = {
                "type": "object",
                "properties": {"type": {"const": "function"}, "function": named},
                "required": ["type", "function"],
            }
        return {"anyOf": [{"enum": list(MODES[:2] if self.older else MODES)}, named]}


def distinct(tools: Sequence[Tool], path: str) -> tuple[Tool, ...]:
    """The tools, unless two have one name."""
    read: dict[str, Tool] = {}
    for tool in tools:
        if tool.name in read:
            raise wrong_value(path, "a list without two functions of one name")
        read[tool.name] = tool
    return tuple(read.values())


def read_tool(value: Any, path: str, ignored: Ignored) -> Tool:
    """One tool; raises RequestError 400."""
    if type(value) is not dict:
        raise wrong_type(path, "an object with 'type' and 'function'")
    if value.get("type") != "function":
        raise wrong_value(f"{path}.type", "'function'")
    for key in value:
        if key not in ("type", "function"):
            ignored.add(f"tools.{key}")
    return read_function(value.get("function"), f"{path}.function", ignored)


def read_function(value: Any, path: str, ignored: Ignored) -> Tool:
    """One function; raises RequestError 400."""
    if type(value) is not dict:
        raise wrong_type(path, "an object with 'name'")
    given = {key: member for key, member in value.items() if member is not None}
    for key in given:
        if key not in DEFINITION_SCHEMA["properties"]:
            ignored.add(f"tools.function.{key}")
    parameters = given.get("parameters")
    if parameters is not None:  # whether it is JSON Schema is found where it is compiled, off the event loop
        OBJECT.read(parameters, f"{path}.parameters", ignored)
    return Tool(
        name=read_name(given.get("name"), f"{path}.name"),
        description=DESCRIPTION.read(given["description"], f"{path}.description", ignored)
        if "description" in given
        else None,
        parameters=parameters,
        strict=Boolean().read(given["strict"], f"{path}.strict", ignored) if "strict" in given else None,
    )


def read_name(value: Any, path: str) -> str:
    """A function's name."""
    if value is None:
        raise missing(path, NAME_IN_WORDS)
    if type(value) is not str:
        raise wrong_type(path, NAME_IN_WORDS)
    if FUNCTION_NAME.fullmatch(value) is None:
        raise wrong_value(path, NAME_IN_WORDS)
    return value


def settle_choice(tools: tuple[Tool, ...], choice: ToolChoice | None, param: str) -> ToolChoice:
    """The tool choice of a request; RequestError 400, naming `param`, where it does not fit its tools."""
    if choice is None:
        return ToolChoice("auto" if tools else "none")
    if choice.mode == "none" or tools:
        if choice.name is not None and choice.name not in {tool.name for tool in tools}:
            raise wrong_value(param, "the name of one of the functions given")
        return choice
    if choice.mode == "auto":
        return ToolChoice("none")  # nothing to choose from
    raise wrong_value(param, "absent, 'none' or 'auto' when there are no tools")
