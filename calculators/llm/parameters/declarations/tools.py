"""Tools: the functions that the model may call."""

from __future__ import annotations

from typing import Final

from ovpipe.calculators.llm.parameters.request_parameter import CHAT, RequestParameter
from ovpipe.calculators.llm.parameters.wire import tool_choices as choices
from ovpipe.calculators.llm.parameters.wire import tools as wire

TOOLS: Final = (
    RequestParameter(
        "tools",
        wire.AnyTools,
        "Functions that the model may call; tools of other types have no effect.",
        CHAT,
        make=wire.tools_of,
    ),
    RequestParameter(
        "tool_choice",
        choices.ChoiceOfTool,
        "Whether to call functions, and which.",
        CHAT,
        make=choices.choice_of,
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
        choices.ChoiceOfFunction,
        "The older form of tool_choice.",
        CHAT,
        make=choices.choice_of,
        field="tool_choice",
    ),
)
