"""Tools: the functions that a model may call, as clients declare them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

from msgspec import Meta, Struct, inspect

from ovpipe.calculators.llm.packets import FunctionName, Tool
from ovpipe.calculators.llm.parameters.errors import missing, wrong_value
from ovpipe.calculators.llm.parameters.wording import words_of

MOST_TOOLS: Final = 128
FUNCTION: Final = "function"
FUNCTION_IN_WORDS: Final = words_of(inspect.type_info(Tool))


class AnyTool(Struct, frozen=True, kw_only=True):
    """A tool: a function as a member, or flat as in the Responses API. Of others the type alone is here."""

    type: str | None = None
    function: Tool | None = None
    name: FunctionName | None = None
    description: str | None = None
    parameters: Mapping[str, Any] | None = None
    strict: bool | None = None

    def packet(self, path: str) -> Tool | None:
        """The graph's tool, if it is a function; RequestError 400 for one without its name."""
        if self.type not in (None, FUNCTION):
            return None
        if self.function is not None:
            return self.function
        if self.name is None:
            raise missing(f"{path}.function", FUNCTION_IN_WORDS)
        return Tool(
            name=self.name, description=self.description, parameters=self.parameters, strict=self.strict
        )


AnyTools = Annotated[
    list[AnyTool], Meta(max_length=MOST_TOOLS, extra={"words": f"a list of at most {MOST_TOOLS} tools"})
]
Functions = Annotated[
    list[Tool], Meta(max_length=MOST_TOOLS, extra={"words": f"a list of at most {MOST_TOOLS} functions"})
]


def tools_of(tools: Sequence[AnyTool], path: str) -> tuple[Tool, ...]:
    """The functions among the tools; RequestError 400 where two have one name."""
    packets = (tool.packet(f"{path}[{at}]") for at, tool in enumerate(tools))
    return functions_of([packet for packet in packets if packet is not None], path)


def functions_of(functions: Sequence[Tool], path: str) -> tuple[Tool, ...]:
    """The functions; RequestError 400 where two have one name."""
    if len({function.name for function in functions}) < len(functions):
        raise wrong_value(path, "a list without two functions of one name")
    return tuple(functions)
