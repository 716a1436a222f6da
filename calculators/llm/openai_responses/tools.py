"""Tools and tool choices: functions, and custom tools, which the model sees as functions of a text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Struct

from ovpipe.calculators.llm.openai_responses.items import CUSTOM_INPUT
from ovpipe.calculators.llm.packets import FunctionName, Tool
from ovpipe.calculators.llm.parameters.errors import missing
from ovpipe.calculators.llm.parameters.normalising import without_members
from ovpipe.calculators.llm.parameters.unknown_keys import Ignored
from ovpipe.calculators.llm.parameters.wire import tool_choices
from ovpipe.calculators.llm.parameters.wire.tool_choices import (
    AllowedTool,
    AllowedTools,
    AskedChoice,
    AutoTool,
    NamedTool,
    NoTool,
    RequiredTool,
    ToolMode,
)
from ovpipe.calculators.llm.parameters.wire.tools import FUNCTION, MOST_TOOLS, AnyTool, functions_of

CUSTOM: Final = "custom"
OURS: Final = (None, FUNCTION, CUSTOM)
"""The types of the tools that the model gets to see."""
HOSTED: Final = (
    "file_search", "web_search", "web_search_preview", "web_search_preview_2025_03_11", "computer",
    "computer_use_preview", "computer_use", "code_interpreter", "image_generation", "mcp", "local_shell",
    "shell", "apply_patch", "programmatic_tool_calling", "tool_search",
)  # fmt: skip
NOT_RUN: Final = {kind: f"is a tool of type '{kind}', and this server runs none of those" for kind in HOSTED}


class CustomFormat(Struct, frozen=True):
    """What the text of a custom tool looks like."""

    type: Literal["text", "grammar"]
    syntax: Literal["lark", "regex"] | None = None
    definition: str | None = None

    @property
    def words(self) -> str:
        """The same for the model, which is only told of it."""
        if self.type == "text":
            return "The input is free text."
        return f"The input follows this {self.syntax or 'lark'} grammar:\n{self.definition or ''}"


class ResponsesTool(AnyTool, frozen=True, kw_only=True):
    """A function, as a chat has it or flat, or a custom tool. Of others the type alone is here."""

    format: CustomFormat | None = None

    def seen(self, path: str) -> Tool | None:
        """The tool that the model sees; RequestError 400 for one without its name."""
        nameless = self.name is None and self.function is None
        if (nameless and self.type in OURS) or (self.type == CUSTOM and self.name is None):
            raise missing(f"{path}.name", "the name of a tool")  # as this API has it, not in `function`
        if self.type != CUSTOM or self.name is None:
            return self.packet(path)
        takes = self.format or CustomFormat("text")
        return Tool(
            name=self.name,
            description="\n\n".join(filter(None, (self.description, takes.words))),
            parameters={
                "type": "object",
                "properties": {CUSTOM_INPUT: {"type": "string", "description": "The tool's whole input."}},
                "required": [CUSTOM_INPUT],
                "additionalProperties": False,
            },
        )

    def shown(self, seen: Tool) -> Mapping[str, Any]:
        """The tool as the answer repeats it."""
        if self.type == CUSTOM:
            custom: dict[str, Any] = {"type": CUSTOM, "name": seen.name}
            if self.description is not None:
                custom["description"] = self.description
            if self.format is not None and self.format.type == "grammar":
                grammar = {"syntax": self.format.syntax or "lark", "definition": self.format.definition or ""}
                return custom | {"format": {"type": "grammar", **grammar}}
            return custom | {"format": {"type": "text"}}
        return {
            "type": FUNCTION,
            "name": seen.name,
            "description": seen.description,
            "parameters": None if seen.parameters is None else dict(seen.parameters),
            "strict": bool(seen.strict),
        }


class NamedCustomTool(Struct, frozen=True, kw_only=True, tag_field="type", tag=CUSTOM):
    """The one custom tool to call."""

    name: FunctionName


ResponsesTools = Annotated[
    list[ResponsesTool],
    Meta(max_length=MOST_TOOLS, extra={"words": f"a list of at most {MOST_TOOLS} tools"}),
]
ChoiceOfResponsesTool = Annotated[
    ToolMode | NamedTool | NamedCustomTool | AllowedTools | NoTool | AutoTool | RequiredTool,
    Meta(
        extra={
            "words": """'none', 'auto', 'required', {"type": "function", "name": ...}, """
            """{"type": "custom", "name": ...} or {"type": "allowed_tools", "mode": ..., "tools": [...]}""",
            "unsupported": NOT_RUN,
        }
    ),
]


def tools_of(tools: Sequence[ResponsesTool], path: str) -> dict[str, Any]:
    """The tools that the model sees, how the answer shows them, and which of them take a text."""
    pairs = [(tool, tool.seen(f"{path}[{at}]")) for at, tool in enumerate(tools)]
    seen = [(tool, packet) for tool, packet in pairs if packet is not None]
    return {
        "tools": functions_of([packet for _, packet in seen], path),
        "shown_tools": [tool.shown(packet) for tool, packet in seen],
        "custom_tools": tuple([packet.name for tool, packet in seen if tool.type == CUSTOM]),
    }


def choice_of(choice: Any, path: str) -> dict[str, Any]:
    """What a choice in any of its forms asks for, and how the answer shows it."""
    if isinstance(choice, AllowedTools):
        return allowed_of(choice, path)
    if isinstance(choice, NamedCustomTool):
        asked, kind = AskedChoice("named", (choice.name,)), CUSTOM
    else:
        asked, kind = tool_choices.choice_of(choice, path), FUNCTION
    shown = asked.mode if asked.names is None else {"type": kind, "name": asked.names[0]}
    return {"tool_choice": asked, "shown_choice": shown}


def allowed_of(choice: AllowedTools, path: str) -> dict[str, Any]:
    """The tools that may be called. Those of other types are none that the model could call."""
    inner = choice if choice.allowed_tools is None else choice.allowed_tools
    if choice.allowed_tools is not None:
        path = f"{path}.allowed_tools"
    if inner.mode is None or inner.tools is None:
        raise missing(f"{path}.{'mode' if inner.mode is None else 'tools'}", "there")
    ours = [(at, tool) for at, tool in enumerate(inner.tools) if tool.type in OURS]
    names = [named(tool, f"{path}.tools[{at}]") for at, tool in ours]
    shown = [
        {"type": tool.type or FUNCTION, "name": name} for (_, tool), name in zip(ours, names, strict=True)
    ]
    return {
        "tool_choice": AskedChoice(inner.mode, tuple(names)),
        "shown_choice": {"type": "allowed_tools", "mode": inner.mode, "tools": shown},
    }


def named(tool: AllowedTool, path: str) -> str:
    """The name of a tool that may be called; RequestError 400 for one without."""
    name = tool.name if tool.function is None else tool.function.name
    if name is None:
        raise missing(f"{path}.name", "the name of a tool")
    return name


def leave_out_hosted_tools(tools: Any, ignored: Ignored) -> Any:
    """Tools that OpenAI runs, without their members; their types stay, so that places are the client's."""
    if type(tools) is not list:
        return tools
    for tool in tools:
        if (
            type(tool) is dict
            and type(tool.get("format")) is dict
            and tool["format"].get("type") == "grammar"
        ):
            ignored.add_member("tools", "format")
    if not any(map(is_hosted, tools)):
        return tools
    return [without_members(tool, ignored) if is_hosted(tool) else tool for tool in tools]


def is_hosted(tool: Any) -> bool:
    """Whether a tool is none that the client runs."""
    return type(tool) is dict and type(tool.get("type")) is str and tool["type"] not in OURS
