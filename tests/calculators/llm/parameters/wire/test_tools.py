"""Tools and tool choices: the functions of a request in every form that clients have for them."""

from __future__ import annotations

from typing import Any, Literal

import pytest

from ovpipe.calculators.llm.packets import ChatRequest, Tool, ToolChoice
from ovpipe.calculators.llm.request_parser import parse
from ovpipe.errors import RequestError
from ovpipe.http import HttpRequest

ADD = {"type": "function", "function": {"name": "add", "parameters": {"type": "object"}}}
SUB = {"type": "function", "function": {"name": "sub"}}
SEARCH = {"type": "web_search", "search_context_size": "low"}


def chat(unknown_parameters: Literal["warn", "error"] = "warn", **body: Any) -> ChatRequest:
    messages = [{"role": "user", "content": "hi"}]
    http = HttpRequest("POST", "/chat/completions", json={"model": "m", "messages": messages} | body)
    request = parse(http, unknown_parameters=unknown_parameters)
    assert isinstance(request, ChatRequest)
    return request


def refusal(**body: Any) -> RequestError:
    with pytest.raises(RequestError) as caught:
        chat(**body)
    assert caught.value.status == 400
    return caught.value


# --- tools


def test_a_function_is_a_tool_in_the_nested_form_and_in_the_flat_one() -> None:
    members = {"name": "add", "description": "Adds.", "parameters": {"type": "object"}, "strict": True}
    whole = (Tool(name="add", description="Adds.", parameters={"type": "object"}, strict=True),)
    assert chat(tools=[{"type": "function", "function": members}]).tools == whole
    assert chat(tools=[{"type": "function", **members}]).tools == whole
    assert chat(tools=[{"type": None, "function": members}]).tools == whole
    assert chat(tools=[{"function": members}]).tools == whole
    assert chat(tools=[members]).tools == whole


def test_members_that_nobody_knows_are_noted_in_both_forms() -> None:
    flat = {"type": "function", "name": "add", "cache_control": {"type": "ephemeral"}}
    nested = {"type": "function", "function": {"name": "sub", "returns": {}}}
    assert chat(tools=[flat, nested]).ignored == ("tools.cache_control", "tools.function.returns")


@pytest.mark.parametrize(
    "tool",
    [
        {"type": "web_search"},
        SEARCH,
        {"type": "web_search_preview", "user_location": {"type": "approximate"}},
        {"type": "custom", "custom": {"name": "shell", "format": {"type": "text"}}},
        {"type": "custom", "name": "apply patch", "description": 5},
        {"type": "namespace", "name": "crm", "tools": [ADD]},
        {"type": "mcp", "server_label": "s", "server_url": "https://example.com", "name": ["x"]},
        {"type": "code_interpreter", "container": {"type": "auto"}},
        {"type": "computer_use_preview", "display_width": 800},
        {"type": "file_search", "vector_store_ids": ["v"]},
        {"type": "image_generation"},
        {"type": "local_shell"},
        {"type": "retrieval", "function": "x"},
    ],
)
def test_a_tool_of_another_type_has_no_effect_and_is_named(tool: dict[str, Any]) -> None:
    name = f"tools.{tool['type']}"
    alone = chat(tools=[tool])
    assert (alone.tools, alone.tool_choice, alone.ignored) == ((), ToolChoice("none"), (name,))
    beside = chat(tools=[ADD, tool, SUB])
    assert [function.name for function in beside.tools] == ["add", "sub"]
    assert (beside.tool_choice, beside.ignored) == (ToolChoice("auto"), (name,))


def test_a_type_that_no_header_can_hold_is_named_by_its_place() -> None:
    assert chat(tools=[{"type": "line\nbreak"}, {"type": ""}]).ignored == ("tools",)


def test_tools_of_other_types_can_be_an_error() -> None:
    with pytest.raises(RequestError) as caught:
        chat("error", tools=[SEARCH])
    assert (caught.value.code, caught.value.param) == ("unknown_parameter", "tools.web_search")


# --- tool choices


@pytest.mark.parametrize("mode", ["auto", "none", "required"])
def test_a_mode_may_be_an_object(mode: Literal["auto", "none", "required"]) -> None:
    assert chat(tools=[ADD], tool_choice={"type": mode}).tool_choice == ToolChoice(mode)


def test_a_function_is_named_in_the_nested_form_and_in_the_flat_one() -> None:
    for choice in ({"function": {"name": "sub"}}, {"name": "sub"}, {"name": "sub", "function": None}):
        request = chat(tools=[ADD, SUB], tool_choice={"type": "function", **choice})
        assert request.tool_choice == ToolChoice("named", "sub")
        assert len(request.tools) == 2


def names(request: ChatRequest) -> list[str]:
    return [tool.name for tool in request.tools]


@pytest.mark.parametrize("mode", ["auto", "required"])
def test_of_the_tools_the_model_sees_those_allowed(mode: Literal["auto", "required"]) -> None:
    nested = {"mode": mode, "tools": [{"type": "function", "function": {"name": "sub"}}]}
    flat = {"mode": mode, "tools": [{"type": "function", "name": "sub"}]}
    for choice in ({"allowed_tools": nested}, flat, {"allowed_tools": flat}, nested):
        request = chat(tools=[ADD, SUB], tool_choice={"type": "allowed_tools", **choice})
        assert (names(request), request.tool_choice) == (["sub"], ToolChoice(mode))


def test_allowed_tools_of_other_types_are_none_that_the_model_could_call() -> None:
    def choice(mode: str, *tools: Any) -> dict[str, Any]:
        return {"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": list(tools)}}

    server = {"type": "mcp", "server_label": "s"}
    some = chat(tools=[ADD, SUB, server], tool_choice=choice("required", server, ADD))
    assert (names(some), some.tool_choice) == (["add"], ToolChoice("required"))
    none = chat(tools=[ADD, SUB, server], tool_choice=choice("auto", server))
    assert (names(none), none.tool_choice) == ([], ToolChoice("none"))
    assert refusal(tools=[ADD, server], tool_choice=choice("required", server)).param == "tool_choice"


@pytest.mark.parametrize(
    ("choice", "param"),
    [
        ({"type": "function", "name": "web_search"}, "tool_choice"),
        ({"type": "web_search"}, "tool_choice.type"),
        ({"type": "custom", "custom": {"name": "x"}}, "tool_choice.type"),
        ({"type": "mcp", "server_label": "s"}, "tool_choice.type"),
        ({"type": "function"}, "tool_choice.function"),
        ({"type": "function", "function": {}}, "tool_choice.function.name"),
        ({"name": "add"}, "tool_choice.type"),
        ({"type": "allowed_tools"}, "tool_choice.allowed_tools"),
        ({"type": "allowed_tools", "mode": "auto"}, "tool_choice.allowed_tools"),
        ({"type": "allowed_tools", "mode": "none", "tools": []}, "tool_choice.mode"),
        ({"type": "allowed_tools", "mode": "auto", "tools": [{"name": "mul"}]}, "tool_choice"),
        (
            {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [{}]}},
            "tool_choice.allowed_tools.tools[0].function",
        ),
    ],
)
def test_a_choice_that_names_no_function_of_the_request_is_refused(
    choice: dict[str, Any], param: str
) -> None:
    assert refusal(tools=[ADD, SEARCH], tool_choice=choice).param == param


def test_no_call_can_be_required_where_every_tool_is_of_another_type() -> None:
    for choice in ("required", {"type": "required"}):
        error = refusal(tools=[SEARCH], tool_choice=choice)
        assert error.message == (
            "'tool_choice' must be absent, 'none' or 'auto' when there are no tools that are functions."
        )
