"""Tools and reasoning over HTTP, by a model whose words are known."""

from __future__ import annotations

import json
from typing import Any

import pytest
from openai import OpenAI

from tests.end_to_end.api.conftest import Api, events

row = pytest.mark.parameter  # tests/house/test_parameters.py looks for these


def tool(name: str, **properties: Any) -> dict[str, Any]:
    """A function with these arguments, all of them required."""
    schema = {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
    return {"type": "function", "function": {"name": name, "parameters": schema}}


WEATHER = tool("get_weather", city={"type": "string", "enum": ["Paris", "Rome"]})
ADD = tool("add", a={"type": "integer", "minimum": 0, "maximum": 9})
SUB = tool("sub", b={"type": "integer", "minimum": 0, "maximum": 9})

ROOM: dict[str, Any] = {"max_tokens": 2000, "temperature": 1.0, "seed": 5}
"""For the white space that a model which knows no better puts between two words."""


def script(api: Api, word: str, **parameters: Any) -> dict[str, Any]:
    """The only choice of the scripted model's answer."""
    answer = api.chat(f"<|{word}|>", model="script", max_tokens=80, **parameters)
    assert answer.status == 200, answer.body
    choice: dict[str, Any] = answer.json()["choices"][0]
    return choice


@row("tools")
def test_a_call_is_read_out_of_the_text(api: Api) -> None:
    choice = script(api, "weather", tools=[WEATHER])
    (call,) = choice["message"]["tool_calls"]
    assert call["id"].startswith("call_")
    assert (call["type"], call["function"]["name"]) == ("function", "get_weather")
    assert json.loads(call["function"]["arguments"]) == {"city": "Paris"}
    assert choice["message"]["content"] is None
    assert choice["message"]["reasoning_content"] == "Rain or sun?"
    assert choice["finish_reason"] == "tool_calls"
    refused = api.chat(tools=[{"type": "function", "function": {"name": "no good"}}])
    assert refused.error() == (400, "invalid_value", "tools[0].function.name")


def test_a_call_is_streamed_as_openai_does_name_first(api: Api) -> None:
    answer = api.chat("<|weather|>", model="script", max_tokens=80, tools=[WEATHER], stream=True)
    deltas = [chunk["choices"][0]["delta"] for chunk in events(answer)]
    assert deltas[0] == {"role": "assistant", "content": ""}
    calls = [call for delta in deltas for call in delta.get("tool_calls", [])]
    assert (calls[0]["index"], calls[0]["type"]) == (0, "function")
    assert calls[0]["function"] == {"name": "get_weather", "arguments": ""}
    assert all("id" not in call for call in calls[1:])
    assert json.loads("".join(call["function"]["arguments"] for call in calls)) == {"city": "Paris"}
    assert "".join(delta.get("reasoning_content", "") for delta in deltas) == "Rain or sun?"
    assert events(answer)[-1]["choices"][0]["finish_reason"] == "tool_calls"


def test_without_tools_the_text_stays_text(api: Api) -> None:
    choice = script(api, "weather")
    assert "get_weather" in choice["message"]["content"]
    assert "tool_calls" not in choice["message"]
    assert choice["finish_reason"] == "stop"


def test_a_broken_call_comes_through_as_text(api: Api) -> None:
    choice = script(api, "broken", tools=[WEATHER])
    assert choice["message"]["content"] == '<tool_call>{"name": "oops", "arguments": {</tool_call>'


@row("parallel_tool_calls")
def test_several_calls_come_unless_one_is_wanted(api: Api) -> None:
    names = [
        [
            call["function"]["name"]
            for call in script(api, "both", tools=[ADD, SUB], **wish)["message"]["tool_calls"]
        ]
        for wish in ({}, {"parallel_tool_calls": False})
    ]
    assert names == [["add", "sub"], ["add"]]


@row("tool_choice")
def test_tool_choice_decides_whether_and_which(api: Api) -> None:
    none = script(api, "weather", tools=[WEATHER], tool_choice="none")
    assert "tool_calls" not in none["message"]
    named = {"type": "function", "function": {"name": "add"}}
    forced = api.chat(tools=[WEATHER, ADD], tool_choice=named, **ROOM).json()["choices"][0]
    (call,) = forced["message"]["tool_calls"]
    assert call["function"]["name"] == "add"
    assert json.loads(call["function"]["arguments"])["a"] in range(10)
    assert forced["finish_reason"] == "stop"
    required = api.chat(tools=[WEATHER, ADD], tool_choice="required", **ROOM).json()["choices"][0]
    assert required["message"]["tool_calls"]
    assert api.chat(tool_choice="required").error() == (400, "invalid_value", "tool_choice")
    other = {"type": "function", "function": {"name": "mul"}}
    assert api.chat(tools=[ADD], tool_choice=other).error() == (400, "invalid_value", "tool_choice")


@row("functions")
@row("function_call")
def test_the_older_form_is_answered_in_the_older_form(api: Api) -> None:
    choice = script(api, "weather", functions=[WEATHER["function"]])
    assert json.loads(choice["message"]["function_call"]["arguments"]) == {"city": "Paris"}
    assert choice["finish_reason"] == "function_call"
    none = script(api, "weather", functions=[WEATHER["function"]], function_call="none")
    assert "function_call" not in none["message"]
    assert api.chat(functions=[], tools=[ADD]).error() == (400, "invalid_value", "tools")


def test_the_history_may_hold_calls_and_their_results(api: Api) -> None:
    call = {"id": "call_1", "type": "function", "function": {"name": "add", "arguments": '{"a": 1}'}}
    messages = [
        {"role": "user", "content": "1?"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": "2"},
    ]
    assert api.chat(messages=messages).status == 200


def test_openais_own_client_sends_a_history_as_other_servers_take_it(api: Api) -> None:
    client = OpenAI(base_url=f"{api.url}/v1", api_key="none")
    messages: Any = [
        {"role": "system", "content": None},
        {"role": "user", "content": ["1?", {"type": "input_text", "text": "2?"}]},
        {
            "role": "assistant",
            "content": [{"type": "thinking", "thinking": "Hm."}],
            "tool_calls": [{"function": {"name": "add", "arguments": {"a": 1}}}],
        },
        {"role": "tool", "content": "2"},
        {"role": "user"},
    ]
    tools: Any = [
        {"type": "function", "name": "add"},
        {"type": "web_search"},
        {"type": "custom", "name": "x"},
    ]
    choice: Any = {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "add"}]}
    raw = client.chat.completions.with_raw_response.create(
        model="tiny", messages=messages, tools=tools, tool_choice=choice, max_tokens=4
    )
    ignored = raw.headers["x-ovpipe-ignored-parameters"].split(", ")
    assert ignored == ["tools.web_search", "tools.custom", "tools"]  # for functions its template has no place
    assert raw.parse().choices[0].finish_reason in ("length", "stop")


def test_a_function_in_the_flat_form_is_called(api: Api) -> None:
    flat = {"type": "function", **WEATHER["function"]}
    choice = script(api, "weather", tools=[flat, {"type": "web_search"}])
    (call,) = choice["message"]["tool_calls"]
    assert json.loads(call["function"]["arguments"]) == {"city": "Paris"}
    forced = api.chat(tools=[ADD, flat], tool_choice={"type": "function", "name": "get_weather"}, **ROOM)
    (call,) = forced.json()["choices"][0]["message"]["tool_calls"]
    assert call["function"]["name"] == "get_weather"
    named = api.chat(tools=[flat, {"type": "web_search"}], tool_choice={"type": "web_search"})
    assert named.error() == (400, "invalid_value", "tool_choice.type")


def test_of_the_tools_allowed_one_is_called(api: Api) -> None:
    allowed = {"mode": "required", "tools": [{"type": "function", "function": {"name": "add"}}]}
    choice = {"type": "allowed_tools", "allowed_tools": allowed}
    forced = api.chat(tools=[WEATHER, ADD, SUB], tool_choice=choice, **ROOM).json()["choices"][0]
    assert {call["function"]["name"] for call in forced["message"]["tool_calls"]} == {"add"}


def test_thoughts_have_two_names_streamed_and_whole(api: Api) -> None:
    message = script(api, "think")["message"]
    assert message["reasoning"] == message["reasoning_content"] == "Let me see."
    chunks = events(api.chat("<|think|>", model="script", max_tokens=80, stream=True))
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks]
    for name in ("reasoning", "reasoning_content"):
        assert "".join(delta.get(name, "") for delta in deltas) == "Let me see."
    assert not any("reasoning" in delta for delta in deltas if "content" in delta)


def test_thoughts_stand_beside_the_answer_and_are_counted(api: Api) -> None:
    answer = api.chat("<|think|>", model="script", max_tokens=60).json()
    message = answer["choices"][0]["message"]
    assert (message["reasoning_content"], message["content"]) == ("Let me see.", "The answer is 42.")
    counts = answer["usage"]
    assert 0 < counts["completion_tokens_details"]["reasoning_tokens"] < counts["completion_tokens"]
