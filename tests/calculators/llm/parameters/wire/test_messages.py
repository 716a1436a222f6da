"""Messages: conversations as clients send them."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from ovpipe.calculators.llm.packets import ChatRequest, Message, TextPart, ToolCall
from ovpipe.calculators.llm.parameters import openapi
from ovpipe.calculators.llm.request_parser import parse
from ovpipe.errors import RequestError
from ovpipe.http import HttpRequest


def ask(messages: Any) -> ChatRequest:
    body = {"model": "m", "messages": messages}
    request = parse(HttpRequest("POST", "/chat/completions", json=body))
    assert isinstance(request, ChatRequest)
    return request


def read(*messages: Any) -> tuple[Message, ...]:
    return ask(list(messages)).messages


def read_one(**message: Any) -> Message:
    return read(message)[0]


def ignored_of(**message: Any) -> list[str]:
    return list(ask([message]).ignored)


def refusal(**message: Any) -> RequestError:
    with pytest.raises(RequestError) as caught:
        read_one(**message)
    assert caught.value.status == 400
    return caught.value


def call(id: Any = "c1", name: str = "f", arguments: Any = "{}", **more: Any) -> dict[str, Any]:
    return {"id": id, "type": "function", "function": {"name": name, "arguments": arguments}, **more}


def test_tool_calls_and_their_result() -> None:
    assert read(
        {"role": "user", "content": "hi"},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [call("a", "f", '{"x": 1}'), call("b", "g", "oops")],
        },
        {"role": "tool", "tool_call_id": "a", "content": [{"type": "text", "text": "42"}]},
    ) == (
        Message(role="user", content="hi"),
        Message(
            role="assistant",
            content=None,
            tool_calls=(
                ToolCall(id="a", name="f", arguments='{"x": 1}'),
                ToolCall(id="b", name="g", arguments="oops"),
            ),
        ),
        Message(role="tool", tool_call_id="a", content=(TextPart("42"),)),
    )


@pytest.mark.parametrize("content", [{}, {"content": None}, {"content": []}])
def test_an_assistant_that_calls_need_not_say_anything(content: dict[str, Any]) -> None:
    assert read_one(role="assistant", tool_calls=[call()], **content).content is None
    assert read_one(role="assistant", function_call={"name": "f", "arguments": ""}, **content).content is None


def test_a_text_part_has_two_names() -> None:
    parts = [{"type": "text", "text": "a"}, {"type": "input_text", "text": "b"}]
    assert read_one(role="user", content=parts).content == (TextPart("a"), TextPart("b"))


def test_an_empty_content_stays_a_content() -> None:
    assert read_one(role="assistant", content="", tool_calls=[call()]).content == ""


def test_arguments_may_come_as_an_object() -> None:
    message = read_one(role="assistant", tool_calls=[call(arguments={"b": "é", "a": [1]})])
    assert message.tool_calls[0].arguments == '{"b": "é", "a": [1]}'


@pytest.mark.parametrize(
    ("arguments", "text"), [([1, "é"], '[1, "é"]'), (3, "3"), (2.5, "2.5"), (True, "true"), (None, "{}")]
)
def test_arguments_that_a_model_got_wrong_may_be_sent_back(arguments: Any, text: str) -> None:
    message = read_one(role="assistant", tool_calls=[call(arguments=arguments)])
    assert message.tool_calls[0].arguments == text


def test_arguments_that_are_absent_are_none() -> None:
    message = read_one(role="assistant", tool_calls=[{"id": "a", "function": {"name": "f"}}])
    assert message.tool_calls == (ToolCall(id="a", name="f", arguments="{}"),)


@pytest.mark.parametrize("role", ["user", "assistant", "system"])
def test_an_empty_list_of_calls_is_none(role: str) -> None:
    assert read_one(role=role, content="hi", tool_calls=[]) == Message(role=role, content="hi")


def test_the_older_forms_become_a_call_and_its_result() -> None:
    assert read(
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": '{"x": 1}'}},
        {"role": "function", "name": "f", "content": "42"},
        {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": "{}"}},
        {"role": "function", "name": "f", "content": None},
        {"role": "function", "name": "g", "content": "nobody called it"},
    )[1:] == (
        Message(
            role="assistant",
            content=None,
            tool_calls=(ToolCall(id="call_1", name="f", arguments='{"x": 1}'),),
        ),
        Message(role="tool", name="f", tool_call_id="call_1", content="42"),
        Message(
            role="assistant", content=None, tool_calls=(ToolCall(id="call_3", name="f", arguments="{}"),)
        ),
        Message(role="tool", name="f", tool_call_id="call_3", content=""),
        Message(role="tool", name="g", content="nobody called it"),
    )


def test_tool_calls_come_before_function_call() -> None:
    message = read_one(role="assistant", tool_calls=[call("a")], function_call={"name": "g", "arguments": ""})
    assert [called.id for called in message.tool_calls] == ["a"]


def test_the_newer_name_of_reasoning_is_read() -> None:
    assert read_one(role="assistant", content="x", reasoning="hm").reasoning_content == "hm"
    both = read_one(role="assistant", content="x", reasoning="new", reasoning_content="old")
    assert both.reasoning_content == "old"


def test_an_answer_cut_off_in_its_thoughts_may_be_sent_back() -> None:
    assert read_one(role="assistant", content=None, reasoning_content="hm") == Message(
        role="assistant", content="", reasoning_content="hm"
    )


@pytest.mark.parametrize(
    "said", [{}, {"content": None}, {"content": []}, {"content": None, "tool_calls": []}]
)
def test_an_answer_that_said_nothing_may_be_sent_back(said: dict[str, Any]) -> None:
    assert read_one(role="assistant", **said) == Message(role="assistant", content="")


def test_a_refusal_is_what_the_assistant_said() -> None:
    assert read_one(role="assistant", content=None, refusal="No.").content == "No."
    assert read_one(role="assistant", content="Well.", refusal="No.").content == "Well."
    parts = [{"type": "refusal", "refusal": "No."}]
    assert read_one(role="assistant", content=parts).content == (TextPart("No."),)


@pytest.mark.parametrize(
    ("message", "param"),
    [
        ({"role": "assistant", "tool_calls": {}}, "messages[0].tool_calls"),
        ({"role": "assistant", "tool_calls": ["f"]}, "messages[0].tool_calls[0]"),
        ({"role": "assistant", "tool_calls": [{}]}, "messages[0].tool_calls[0].id"),
        ({"role": "assistant", "tool_calls": [call(), call(id="")]}, "messages[0].tool_calls[1].id"),
        ({"role": "assistant", "tool_calls": [call(id=7)]}, "messages[0].tool_calls[0].id"),
        ({"role": "assistant", "tool_calls": [call(type="code")]}, "messages[0].tool_calls[0].type"),
        ({"role": "assistant", "tool_calls": [{"id": "a", "type": "custom"}]}, "messages[0].tool_calls[0]"),
        ({"role": "assistant", "tool_calls": [{"id": "a"}]}, "messages[0].tool_calls[0].function"),
        (
            {"role": "assistant", "tool_calls": [{"id": "a", "function": "f"}]},
            "messages[0].tool_calls[0].function",
        ),
        (
            {"role": "assistant", "tool_calls": [{"id": "a", "function": {}}]},
            "messages[0].tool_calls[0].function.name",
        ),
        ({"role": "assistant", "tool_calls": [call(name="")]}, "messages[0].tool_calls[0].function.name"),
        (
            {"role": "assistant", "tool_calls": [call(arguments={"x": "\ud800"})]},
            "messages[0].tool_calls[0].function.arguments",
        ),
        ({"role": "assistant", "function_call": "f"}, "messages[0].function_call"),
        ({"role": "assistant", "function_call": {}}, "messages[0].function_call.name"),
        ({"role": "user", "content": "hi", "tool_calls": [call()]}, "messages[0].tool_calls"),
        ({"role": "tool", "content": "hi", "function_call": {"name": "f"}}, "messages[0].function_call"),
        ({"role": "tool", "content": "42"}, "messages[0].tool_call_id"),
        ({"role": "tool", "tool_call_id": "a"}, "messages[0].content"),
        ({"role": "function", "content": "42"}, "messages[0].name"),
        ({"role": "assistant", "content": "x", "reasoning": 1}, "messages[0].reasoning"),
        ({"role": "assistant", "audio": {"id": "a"}}, "messages[0].audio"),
        (
            {"role": "user", "content": [{"type": "refusal", "refusal": "No."}]},
            "messages[0].content[0].type",
        ),
        ({"role": "assistant", "content": [{"type": "refusal"}]}, "messages[0].content[0].refusal"),
    ],
)
def test_what_is_wrong_is_named_by_its_place(message: dict[str, Any], param: str) -> None:
    error = refusal(**message)
    assert error.param == param
    assert error.message.startswith(f"'{param}' ")


def test_a_call_of_another_kind_is_refused_with_the_reason() -> None:
    error = refusal(role="assistant", tool_calls=[{"id": "a", "type": "custom", "custom": {}}])
    assert error.code == "unsupported_parameter"
    assert "of type 'custom', and this server's tools are functions" in error.message


def test_members_that_nobody_knows_are_noted() -> None:
    assert ignored_of(
        role="assistant",
        mood="good",
        tool_calls=[{"index": 0, "id": "a", "function": {"name": "f", "arguments": "", "x": 1}}],
    ) == ["messages.mood", "messages.tool_calls.index", "messages.tool_calls.function.x"]


def test_the_schema_takes_what_is_read() -> None:
    components = openapi.requests({}, unknown=True)["components"]
    messages = components["schemas"]["ChatCompletionRequest"]["properties"]["messages"]
    schema = messages | {"components": components}
    Draft202012Validator.check_schema(schema)
    right: list[dict[str, Any]] = [
        {"role": "user", "content": [{"type": "text", "text": "hi"}], "name": None},
        {"role": "assistant", "content": None, "tool_calls": [call(), call(arguments={"x": 1})]},
        {"role": "tool", "tool_call_id": "c1", "content": "42"},
        {"role": "function", "name": "f", "content": "42"},
    ]
    read(*right)
    validator = Draft202012Validator(schema)
    assert validator.is_valid(right)
    assert not validator.is_valid([])
    assert not validator.is_valid([{"role": "robot", "content": "x"}])
    assert not validator.is_valid([{"role": "assistant", "tool_calls": [{"id": "a"}]}])
