"""The schemas of tools as the engine gets them: checked where a call must follow them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec

from ovpipe.calculators.llm.grammars.json_schema import read_schema
from ovpipe.calculators.llm.packets import ChatRequest, Tool

ANY_ARGUMENTS: Final[dict[str, Any]] = {"type": "object"}


def binding(tools: Iterable[Tool], *, forced: bool) -> tuple[Tool, ...]:
    """The tools whose calls must follow their schemas: the strict ones, or all if calls are `forced`."""
    return tuple(tool for tool in tools if forced or tool.strict)


def with_read_schemas(request: ChatRequest, tools: Sequence[Tool], *, forced: bool) -> tuple[Tool, ...]:
    """Some of a request's tools, each with the schema that binds it; one that nothing binds takes any object.

    Raises RequestError 400 naming the place of what is no schema.
    """
    places = {tool.name: f"tools[{at}].function" for at, tool in enumerate(request.tools)}
    if request.functions:
        places = {tool.name: f"functions[{at}]" for at, tool in enumerate(request.tools)}
    bound = {tool.name for tool in binding(tools, forced=forced)}
    return tuple(_read(tool, places[tool.name]) if tool.name in bound else _loosened(tool) for tool in tools)


def tools_param(request: ChatRequest) -> str:
    """The parameter that a request's tools come from."""
    return "functions" if request.functions else "tools"


def _read(tool: Tool, place: str) -> Tool:
    if tool.parameters is None:
        return tool
    parameters = read_schema(tool.parameters, f"{place}.parameters", strict=bool(tool.strict))
    return msgspec.structs.replace(tool, parameters=parameters)


def _loosened(tool: Tool) -> Tool:
    return msgspec.structs.replace(tool, parameters=ANY_ARGUMENTS)
