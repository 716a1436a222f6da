"""Tools: the functions that the model may call."""

from __future__ import annotations

from typing import Final

from ovpipe.calculators.llm.parameters.request_parameter import CHAT, RequestParameter
from ovpipe.calculators.llm.parameters.wire import tools as wire

TOOLS: Final = (
    RequestParameter(
        "tools", wire.FunctionTools, "Functions that the model may call.", CHAT, make=wire.functions_of
    ),
    RequestParameter(
        "tool_choice",
        wire.ChoiceOfTool,
        "Whether to call functions, and which.",
        CHAT,
        make=wire.choice_of,
    ),
    RequestParameter("parallel_tool_calls", bool, "Whether several functions may be called at once.", CHAT),
    RequestParameter(
        "functions",
        wire.Functions,
        "The older form of tools.",
        CHAT,
        make=wire.functions_of,
        field="tools",
    ),
    RequestParameter(
        "function_call",
        wire.ChoiceOfFunction,
        "The older form of tool_choice.",
        CHAT,
        make=wire.choice_of,
        field="tool_choice",
    ),
)
