"""The schemas of the tools that a request forces or wants strictly, as the engine is to have them."""

from __future__ import annotations

import msgspec

from ovpipe.calculators.llm.json_schema import read_schema
from ovpipe.calculators.llm.packets import ChatRequest, Tool


def with_read_schemas(request: ChatRequest) -> ChatRequest:
    """The request with its tools' parameters checked and mended; raises RequestError 400 naming the place."""
    return msgspec.structs.replace(
        request, tools=tuple(_read(request, at, tool) for at, tool in enumerate(request.tools))
    )


def _read(request: ChatRequest, at: int, tool: Tool) -> Tool:
    if tool.parameters is None:
        return tool
    place = f"functions[{at}].parameters" if request.functions else f"tools[{at}].function.parameters"
    parameters = read_schema(tool.parameters, place, strict=bool(tool.strict))
    return msgspec.structs.replace(tool, parameters=parameters)
