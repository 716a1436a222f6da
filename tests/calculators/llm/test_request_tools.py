"""The tools of a request, and which of them the answer may call."""

from __future__ import annotations

from typing import Any

import pytest

from ovpipe.calculators.llm.packets import ToolChoice
from tests.calculators.llm.asked import (
    chat,
    refusal,
)

ADD = {"type": "function", "function": {"name": "add", "parameters": {"type": "object"}}}


@pytest.mark.parametrize(
    ("body", "choice"),
    [
        ({}, ToolChoice("none")),
        ({"tools": []}, ToolChoice("none")),
        ({"tool_choice": "auto"}, ToolChoice("none")),
        ({"tools": [ADD]}, ToolChoice("auto")),
        ({"tools": [ADD], "tool_choice": "none"}, ToolChoice("none")),
        ({"tools": [ADD], "tool_choice": "required"}, ToolChoice("required")),
        (
            {"tools": [ADD], "tool_choice": {"type": "function", "function": {"name": "add"}}},
            ToolChoice("named", "add"),
        ),
        ({"functions": [ADD["function"]], "function_call": {"name": "add"}}, ToolChoice("named", "add")),
        ({"functions": [ADD["function"]]}, ToolChoice("auto")),
    ],
)
def test_tool_choice_is_settled(body: dict[str, Any], choice: ToolChoice) -> None:
    request = chat(**body)
    assert request.tool_choice == choice
    assert request.functions is ("functions" in body)


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"tools": {}}, "tools"),
        ({"tools": [ADD] * 129}, "tools"),
        ({"tools": [ADD, ADD]}, "tools"),
        ({"tools": ["add"]}, "tools[0]"),
        ({"tools": [{}]}, "tools[0].function"),
        ({"tools": [{"type": 5}]}, "tools[0].type"),
        ({"tools": [{"type": "web_search"}, {"type": "function"}]}, "tools[1].function"),
        ({"tools": [{"type": "function", "name": "a b"}]}, "tools[0].name"),
        ({"tools": [{"type": "function", "name": "f", "parameters": 1}]}, "tools[0].parameters"),
        ({"tools": [{"type": "function"}]}, "tools[0].function"),
        ({"tools": [{"type": "function", "function": {}}]}, "tools[0].function.name"),
        ({"tools": [{"type": "function", "function": {"name": "a b"}}]}, "tools[0].function.name"),
        (
            {"tools": [{"type": "function", "function": {"name": "a", "parameters": []}}]},
            "tools[0].function.parameters",
        ),
        ({"tools": [ADD], "functions": [{"name": "sub"}]}, "functions"),
        ({"tool_choice": "required"}, "tool_choice"),
        ({"tools": [ADD], "tool_choice": "sometimes"}, "tool_choice"),
        ({"tools": [ADD], "tool_choice": {"type": "function"}}, "tool_choice.function"),
        ({"tools": [ADD], "tool_choice": {"type": "function", "function": {"name": "sub"}}}, "tool_choice"),
        ({"functions": [{"name": "f"}], "function_call": "required"}, "function_call"),
        ({"tools": [ADD], "function_call": "auto"}, "function_call"),
        ({"function_call": {"name": "add"}}, "function_call"),
        ({"functions": [{"name": "f"}], "function_call": {"name": "g"}}, "function_call"),
    ],
)
def test_wrong_tools_are_refused_where_they_are_wrong(body: dict[str, Any], param: str) -> None:
    assert refusal(**body).param == param


def test_the_older_form_has_room_for_one_call() -> None:
    assert chat(functions=[ADD["function"]]).parallel_tool_calls is False
    assert chat(tools=[ADD]).parallel_tool_calls is True
