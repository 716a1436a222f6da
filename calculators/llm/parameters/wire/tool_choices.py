"""Tool choices: whether a model may call, must call, and which functions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from msgspec import Struct

from ovpipe.calculators.llm.packets import FunctionName, Tool, ToolChoice
from ovpipe.calculators.llm.parameters.errors import missing, wrong_value
from ovpipe.calculators.llm.parameters.value_types import says
from ovpipe.calculators.llm.parameters.wire.tools import FUNCTION


class NamedFunction(Struct, frozen=True):
    """A function, by its name; the one to call, in the older form."""

    name: FunctionName


class AllowedTool(Struct, frozen=True, kw_only=True):
    """A tool that may be called, by its name as a member, or flat as in the Responses API."""

    type: str | None = None
    function: NamedFunction | None = None
    name: str | None = None

    def function_name(self, path: str) -> str | None:
        """Its name, if it is a function; RequestError 400 for one without."""
        return name_of(self, path) if self.type in (None, FUNCTION) else None


class NamedTool(Struct, frozen=True, kw_only=True, tag_field="type", tag=FUNCTION):
    """The one function to call, by its name as a member, or flat as in the Responses API."""

    function: NamedFunction | None = None
    name: FunctionName | None = None


class Allowed(Struct, frozen=True):
    """Some of the tools, and whether one of them must be called."""

    mode: Literal["auto", "required"]
    tools: list[AllowedTool]


class AllowedTools(Struct, frozen=True, kw_only=True, tag_field="type", tag="allowed_tools"):
    """The same with its type, as a member, or flat as in the Responses API."""

    allowed_tools: Allowed | None = None
    mode: Literal["auto", "required"] | None = None
    tools: list[AllowedTool] | None = None


class NoTool(Struct, frozen=True, tag_field="type", tag="none"):
    """'none' as an object."""


class AutoTool(Struct, frozen=True, tag_field="type", tag="auto"):
    """'auto' as an object."""


class RequiredTool(Struct, frozen=True, tag_field="type", tag="required"):
    """'required' as an object."""


ToolMode = Literal["none", "auto", "required"]
ChoiceOfTool = Annotated[
    ToolMode | NamedTool | AllowedTools | NoTool | AutoTool | RequiredTool,
    says(
        """'none', 'auto', 'required', {"type": "function", "function": {"name": ...}} or """
        """{"type": "allowed_tools", "allowed_tools": {"mode": ..., "tools": [...]}}"""
    ),
]
ChoiceOfFunction = Annotated[
    Literal["none", "auto"] | NamedFunction, says("""'none', 'auto' or {"name": ...}""")
]


class AskedChoice(Struct, frozen=True):
    """What a request asks for, before it is held against its tools."""

    mode: ToolMode | Literal["named"]
    names: tuple[str, ...] | None = None
    """The only functions that the model gets to see; None: all of them."""


def choice_of(
    choice: ToolMode | NamedTool | AllowedTools | NoTool | AutoTool | RequiredTool | NamedFunction, path: str
) -> AskedChoice:
    """What a choice in any of its forms asks for; RequestError 400 where it says half of it."""
    match choice:
        case str():
            return AskedChoice(choice)
        case NamedFunction(name=name):
            return AskedChoice("named", (name,))
        case NamedTool():
            return AskedChoice("named", (name_of(choice, path),))
        case AllowedTools():
            return allowed_of(choice, path)
        case NoTool():
            return AskedChoice("none")
        case AutoTool():
            return AskedChoice("auto")
    return AskedChoice("required")


def allowed_of(choice: AllowedTools, path: str) -> AskedChoice:
    """The mode and the functions allowed. Tools of other types are none that the model could call."""
    if choice.allowed_tools is not None:
        mode, tools = choice.allowed_tools.mode, choice.allowed_tools.tools
        path = f"{path}.allowed_tools"
    elif choice.mode is not None and choice.tools is not None:
        mode, tools = choice.mode, choice.tools
    else:
        raise missing(f"{path}.allowed_tools", "an object with 'mode' and 'tools'")
    names = (tool.function_name(f"{path}.tools[{at}]") for at, tool in enumerate(tools))
    return AskedChoice(mode, tuple(name for name in names if name is not None))


def name_of(named: NamedTool | AllowedTool, path: str) -> str:
    """The name of a function in either form; RequestError 400 without."""
    name = named.name if named.function is None else named.function.name
    if name is None:
        raise missing(f"{path}.function", "an object with 'name'")
    return name


def settle_choice(
    tools: Sequence[Tool], asked: AskedChoice | None, param: str
) -> tuple[tuple[Tool, ...], ToolChoice]:
    """The tools that the model gets to see, and the graph's choice among them.

    RequestError 400, naming `param`, where the choice does not fit the tools.
    """
    if asked is None:
        asked = AskedChoice("auto")
    if asked.names is not None:
        if not {tool.name for tool in tools}.issuperset(asked.names):
            raise wrong_value(param, "the name of one of the functions given")
        if asked.mode == "named":
            return tuple(tools), ToolChoice("named", asked.names[0])
        tools = [tool for tool in tools if tool.name in asked.names]
    if not tools and asked.mode == "required":
        raise wrong_value(param, "absent, 'none' or 'auto' when there are no tools that are functions")
    return tuple(tools), ToolChoice(asked.mode if tools else "none")
