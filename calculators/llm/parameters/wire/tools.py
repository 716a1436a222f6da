"""Tools: the functions that a model may call, and whether it must."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from ovpipe.calculators.llm.packets import FunctionName, Tool, ToolChoice
from ovpipe.calculators.llm.parameters.errors import wrong_value
from ovpipe.calculators.llm.parameters.value_types import says

MOST_TOOLS: Final = 128


class FunctionTool(Struct, frozen=True):
    """A function among the tools."""

    type: Literal["function"]
    function: Tool


class NamedFunction(Struct, frozen=True):
    """The one function to call, in the older form."""

    name: FunctionName


class NamedTool(Struct, frozen=True):
    """The one function to call."""

    type: Literal["function"]
    function: NamedFunction


FunctionTools = Annotated[
    list[FunctionTool],
    Meta(max_length=MOST_TOOLS, extra={"words": f"a list of at most {MOST_TOOLS} tools of type 'function'"}),
]
Functions = Annotated[
    list[Tool], Meta(max_length=MOST_TOOLS, extra={"words": f"a list of at most {MOST_TOOLS} functions"})
]
ToolMode = Literal["none", "auto", "required"]
ChoiceOfTool = Annotated[
    ToolMode | NamedTool,
    says("""'none', 'auto', 'required' or {"type": "function", "function": {"name": ...}}"""),
]
ChoiceOfFunction = Annotated[
    Literal["none", "auto"] | NamedFunction, says("""'none', 'auto' or {"name": ...}""")
]


def functions_of(tools: Sequence[FunctionTool | Tool], path: str) -> tuple[Tool, ...]:
    """The functions; RequestError 400 where two have one name."""
    functions = [tool.function if isinstance(tool, FunctionTool) else tool for tool in tools]
    if len({function.name for function in functions}) < len(functions):
        raise wrong_value(path, "a list without two functions of one name")
    return tuple(functions)


def choice_of(choice: ToolMode | NamedTool | NamedFunction, path: str) -> ToolChoice:
    """The graph's tool choice."""
    if isinstance(choice, str):
        return ToolChoice(choice)
    return ToolChoice("named", (choice.function if isinstance(choice, NamedTool) else choice).name)


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
