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


@pytest.mark.parametrize("role", ["system", "developer", "user", "assistant", "tool"])
def test_a_text_part_has_several_names_and_may_be_bare(role: str) -> None:
    parts = [
        {"type": "text", "text": "a"},
        {"type": "input_text", "text": "b"},
        {"type": "output_text", "text": "c"},
        "d",
    ]
    (message,) = read({"role": role, "content": parts, "tool_call_id": "1"})
    assert message.content == (TextPart("a"), TextPart("b"), TextPart("c"), TextPart("d"))


def test_a_part_whose_text_is_null_says_nothing() -> None:
    parts = [{"type": "text", "text": None}, {"type": "refusal", "refusal": None}, "a"]
    assert read_one(role="user", content=parts).content == (TextPart(""), TextPart(""), TextPart("a"))


@pytest.mark.parametrize("content", [{}, {"content": None}, {"content": []}, {"content": ""}])
@pytest.mark.parametrize("role", ["system", "developer", "user", "tool", "function"])
def test_a_message_without_content_says_nothing(role: str, content: dict[str, Any]) -> None:
    message = read_one(role=role, name="f", tool_call_id="1", **content)
    assert message.content == ""


THOUGHTS: list[Any] = [
    {"type": "thinking", "thinking": "Hm."},
    {"type": "thinking", "thinking": "Hm.", "signature": "x"},
    {"type": "thinking", "thinking": [{"type": "text", "text": "H"}, {"type": "text", "text": "m."}]},
    {"type": "reasoning", "text": "Hm."},
    {"type": "reasoning", "reasoning": "Hm."},
    {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm."}]},
    {
        "type": "reasoning",
        "content": [{"type": "reasoning_text", "text": "Hm."}],
        "summary": [{"type": "summary_text", "text": "Short."}],
    },
]


@pytest.mark.parametrize("part", THOUGHTS)
def test_parts_that_an_assistant_thought_are_its_thoughts(part: dict[str, Any]) -> None:
    said = {"type": "text", "text": "Yes."}
    assert read_one(role="assistant", content=[part, said]) == Message(
        role="assistant", content=(TextPart("Yes."),), reasoning_content="Hm."
    )
    alone = read_one(role="assistant", content=[part])
    assert (alone.content, alone.reasoning_content) == ("", "Hm.")
    calling = read_one(role="assistant", content=[part], tool_calls=[call()])
    assert (calling.content, calling.reasoning_content) == (None, "Hm.")


@pytest.mark.parametrize("part", THOUGHTS)
def test_parts_of_thoughts_in_other_messages_are_words(part: dict[str, Any]) -> None:
    for role in ("system", "user"):
        assert read_one(role=role, content=[part]).content == (TextPart("Hm."),)


def test_several_thoughts_of_an_assistant_stand_apart_and_those_beside_its_content_come_first() -> None:
    parts = [{"type": "thinking", "thinking": "One."}, {"type": "thinking", "thinking": "Two."}]
    assert read_one(role="assistant", content=parts).reasoning_content == "One.\n\nTwo."
    assert read_one(role="assistant", content=parts, reasoning="Mine.").reasoning_content == "Mine."


def test_thoughts_that_nobody_can_read_say_nothing() -> None:
    part = {"type": "redacted_thinking", "data": "EmwKAhgB"}
    assert read_one(role="assistant", content=[part, "Yes."]) == Message(
        role="assistant", content=(TextPart("Yes."),)
    )


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


def ids_of(*messages: Any) -> list[Any]:
    """The ids of calls and of what answers them, in the order in which they stand."""
    found: list[str | None] = []
    for message in read(*messages):
        found += [called.id for called in message.tool_calls] or [message.tool_call_id]
    return found


@pytest.mark.parametrize("absent", [{}, {"id": None}, {"id": ""}])
def test_a_call_without_an_id_has_one_of_its_own(absent: dict[str, Any]) -> None:
    calls = [{"type": "function", "function": {"name": name}, **absent} for name in ("f", "g")]
    assert ids_of(
        {"role": "assistant", "tool_calls": calls},
        {"role": "tool", "content": "1"},
        {"role": "tool", "content": "2"},
        {"role": "assistant", "tool_calls": calls[:1]},
        {"role": "tool", "content": "3", "tool_call_id": ""},
    ) == ["call_0_0", "call_0_1", "call_0_0", "call_0_1", "call_3_0", "call_3_0"]


def test_a_call_without_an_id_takes_that_of_its_result() -> None:
    calls = [{"function": {"name": "f"}}, call("b", "g"), {"function": {"name": "h"}}]
    assert ids_of(
        {"role": "assistant", "tool_calls": calls},
        {"role": "tool", "content": "1", "tool_call_id": "a"},
        {"role": "tool", "content": "2", "tool_call_id": "b"},
        {"role": "tool", "content": "3", "tool_call_id": "c"},
    ) == ["a", "b", "c", "a", "b", "c"]


def test_a_result_without_an_id_answers_the_next_call_or_that_of_its_name() -> None:
    calls = [call("a", "f"), call("b", "g"), call("c", "g"), call("d", "h")]
    assert ids_of(
        {"role": "assistant", "tool_calls": calls},
        {"role": "tool", "content": "1", "name": "g"},
        {"role": "tool", "content": "2"},
        {"role": "tool", "content": "3", "tool_call_id": "d"},
        {"role": "tool", "content": "4"},
    ) == ["a", "b", "c", "d", "b", "a", "d", "c"]


def test_a_result_that_nothing_says_the_call_of_is_refused_by_its_place() -> None:
    asked: list[dict[str, Any]] = [
        {"role": "assistant", "tool_calls": [call("a")]},
        {"role": "tool", "content": "1", "tool_call_id": "a"},
        {"role": "tool", "content": "2"},
    ]
    with pytest.raises(RequestError) as caught:
        read(*asked)
    assert (caught.value.param, caught.value.code) == (
        "messages[2].tool_call_id",
        "missing_required_parameter",
    )


def test_an_id_that_no_call_has_stays_as_it_is() -> None:
    assert ids_of(
        {"role": "assistant", "tool_calls": [call("a")]},
        {"role": "tool", "content": "1", "tool_call_id": "z"},
    ) == ["a", "z"]


def test_tool_calls_come_before_function_call() -> None:
    message = read_one(role="assistant", tool_calls=[call("a")], function_call={"name": "g", "arguments": ""})
    assert [called.id for called in message.tool_calls] == ["a"]


def test_the_newer_name_of_reasoning_is_read() -> None:
    assert read_one(role="assistant", content="x", reasoning="hm").reasoning_content == "hm"
    both = read_one(role="assistant", content="x", reasoning="new", reasoning_content="old")
    assert both.reasoning_content == "old"
    assert read_one(role="assistant", content="x", reasoning="new", reasoning_content="") == Message(
        role="assistant", content="x", reasoning_content="new"
    )
    assert read_one(role="assistant", content="x", reasoning="").reasoning_content is None


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
        ({"role": "assistant", "tool_calls": [{}]}, "messages[0].tool_calls[0].function"),
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
        ({"role": "function", "content": "42"}, "messages[0].name"),
        ({"role": "assistant", "content": "x", "reasoning": 1}, "messages[0].reasoning"),
        ({"role": "assistant", "audio": {"id": "a"}}, "messages[0].audio"),
        ({"role": "assistant", "content": [{"type": "refusal"}]}, "messages[0].content[0].refusal"),
        ({"role": "user", "content": [{"type": "thinking"}]}, "messages[0].content[0].thinking"),
        ({"role": "user", "content": ["a", 3]}, "messages[0].content[1]"),
        ({"role": "user", "content": {"type": "text", "text": "a"}}, "messages[0].content"),
        ({"role": "user", "content": [{"type": "video"}]}, "messages[0].content[0].type"),
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
