"""Tools of Anthropic's form: the client's own, and those of Anthropic's that a client runs itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Annotated, Any, Final

from msgspec import Meta, Struct

from ovpipe.calculators.llm.packets import Tool
from ovpipe.calculators.llm.parameters.errors import missing, wrong_value
from ovpipe.calculators.llm.parameters.normalising import without_members
from ovpipe.calculators.llm.parameters.unknown_keys import Ignored
from ovpipe.calculators.llm.parameters.value_types import Object

MOST_TOOLS: Final = 1_000
"""Agents with several servers of tools have hundreds."""
CUSTOM: Final = "custom"
ToolName = Annotated[
    str,
    Meta(
        pattern=r"^[a-zA-Z0-9_.-]{1,128}(?!\n)$",
        extra_json_schema={"pattern": "^[a-zA-Z0-9_.-]{1,128}$"},
        extra={"words": "1 to 128 letters, digits, underscores, dots and hyphens"},
    ),
]


class ClientTool(Struct, frozen=True):
    """A tool whose schema the model has by heart at Anthropic; here it reads it like any other's."""

    description: str
    input_schema: Mapping[str, Any]


def schema_of(required: Sequence[str], **properties: Any) -> Mapping[str, Any]:
    """The schema of a tool's input."""
    return {"type": "object", "properties": properties, "required": list(required)}


def said(kind: str, description: str, **more: Any) -> Mapping[str, Any]:
    """The schema of a member."""
    return {"type": kind, "description": description, **more}


BASH: Final = ClientTool(
    "Runs commands in a bash shell that keeps its state between calls.",
    schema_of(
        (),
        command=said("string", "The command to run; required unless the shell is restarted."),
        restart=said("boolean", "true restarts the shell."),
    ),
)
PATH: Final = said("string", "The path of the file or directory.")
INSERT_LINE: Final = said("integer", "insert: the line after which the text goes; 0 is the beginning.")


def editor(*, undo: bool) -> ClientTool:
    """The text editor; its first version can undo."""
    commands = ["view", "create", "str_replace", "insert", *(["undo_edit"] if undo else [])]
    return ClientTool(
        "Views, creates and edits text files.",
        schema_of(
            ("command", "path"),
            command=said("string", "What to do.", enum=commands),
            path=PATH,
            view_range=said(
                "array", "view: the first and last line to show; -1 is the end.", items={"type": "integer"}
            ),
            file_text=said("string", "create: the content of the file."),
            old_str=said("string", "str_replace: the text to replace, which must be there once."),
            new_str=said("string", "str_replace: the text that replaces it."),
            insert_line=INSERT_LINE,
            insert_text=said("string", "insert: the text to insert."),
        ),
    )


MEMORY: Final = ClientTool(
    "Reads and writes files of a memory that lasts between conversations.",
    schema_of(
        ("command",),
        command=said(
            "string", "What to do.", enum=["view", "create", "str_replace", "insert", "delete", "rename"]
        ),
        path=PATH,
        view_range=said("array", "view: the first and last line to show.", items={"type": "integer"}),
        file_text=said("string", "create: the content of the file."),
        old_str=said("string", "str_replace: the text to replace."),
        new_str=said("string", "str_replace: the text that replaces it."),
        insert_line=INSERT_LINE,
        insert_text=said("string", "insert: the text to insert."),
        old_path=said("string", "rename: the path there is."),
        new_path=said("string", "rename: the path there is to be."),
    ),
)
CLIENT_TOOLS: Final[Mapping[str, ClientTool]] = MappingProxyType(
    {
        "bash_20250124": BASH,
        "text_editor_20250124": editor(undo=True),
        "text_editor_20250429": editor(undo=False),
        "text_editor_20250728": editor(undo=False),
        "memory_20250818": MEMORY,
    }
)
"""By type. Their inputs are those that Anthropic's documentation of each tool lists."""


class MessagesTool(Struct, frozen=True, kw_only=True):
    """A tool. Of others than the client's the type alone is here."""

    type: str | None = None
    name: ToolName | None = None
    description: str | None = None
    input_schema: Object | None = None
    strict: bool | None = None
    cache_control: Object | None = None
    max_characters: int | None = None

    def packet(self, path: str) -> Tool | None:
        """The graph's tool, if it is one that the client runs; RequestError 400 for half of one."""
        if is_server_tool(self.type):
            return None
        if self.name is None:
            raise missing(f"{path}.name", "1 to 128 letters, digits, underscores, dots and hyphens")
        known = CLIENT_TOOLS.get(self.type or "")
        schema = self.input_schema if known is None else known.input_schema
        if schema is None:
            raise missing(f"{path}.input_schema", "a JSON Schema")
        description = self.description if known is None else known.description
        return Tool(name=self.name, description=description, parameters=schema, strict=self.strict)


MessagesTools = Annotated[
    list[MessagesTool], Meta(max_length=MOST_TOOLS, extra={"words": f"a list of at most {MOST_TOOLS} tools"})
]


def is_server_tool(type: Any) -> bool:
    """Whether a tool of a type would run at Anthropic, such as web_search_20250305."""
    return isinstance(type, str) and type != CUSTOM and type not in CLIENT_TOOLS


def leave_out_server_tools(body: Mapping[str, Any], ignored: Ignored) -> Mapping[str, Any]:
    """The body without the members of tools that would run at Anthropic; they are noted by their types."""
    tools = body.get("tools")
    if type(tools) is not list or not any(map(runs_elsewhere, tools)):
        return body
    return {**body, "tools": [without_members(one, ignored) if runs_elsewhere(one) else one for one in tools]}


def runs_elsewhere(tool: Any) -> bool:
    """The same of a tool in JSON."""
    return type(tool) is dict and is_server_tool(tool.get("type"))


def tools_of(tools: Sequence[MessagesTool], path: str) -> tuple[Tool, ...]:
    """The tools that the model may call; RequestError 400 where two have one name."""
    packets = [tool.packet(f"{path}[{at}]") for at, tool in enumerate(tools)]
    found = tuple(packet for packet in packets if packet is not None)
    if len({tool.name for tool in found}) < len(found):
        raise wrong_value(path, "a list without two tools of one name")
    return found
