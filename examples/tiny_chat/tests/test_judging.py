"""The rules by which answers are right."""

import pytest

from examples.tiny_chat.dialogues.dialogue import Message
from examples.tiny_chat.judging import Answer, right


def said(content: str) -> Message:
    return {"role": "assistant", "content": content}


def called(*calls: tuple[str, str]) -> Message:
    functions = [{"function": {"name": name, "arguments": arguments}} for name, arguments in calls]
    return {"role": "assistant", "content": "", "tool_calls": functions}


@pytest.mark.parametrize(
    ("answer", "good"),
    [
        ("12 - 30: -(30 - 12): 10-2=8, 3-1-1=1, so -18.", True),
        ("-18", True),
        ("12 - 30 = -18.", True),
        ("so 18.", False),
        ("so -18, or 20.", False),
        ("I do not know.", False),
    ],
)
def test_a_sum_is_right_when_its_result_is(answer: str, good: bool) -> None:
    assert right("arithmetic", Answer(answer, []), said("12 - 30: ..., so -18.")) is good


def test_a_fact_is_right_to_the_letter() -> None:
    assert right("about", Answer(" A packet. ", []), said("A packet."))
    assert not right("about", Answer("A packet", []), said("A packet."))


def test_json_is_right_when_it_is_equal_and_nothing_else_is_there() -> None:
    expected = said('{"name": "Ada", "age": 3}')
    assert right("extraction", Answer('{"age":3,"name":"Ada"}', []), expected)
    assert not right("extraction", Answer('{"age": "3", "name": "Ada"}', []), expected)
    assert not right("extraction", Answer('Here: {"age": 3, "name": "Ada"}', []), expected)


def test_calls_are_right_with_their_names_their_order_and_equal_arguments() -> None:
    expected = called(("a", '{"x": 1, "y": "z"}'), ("b", "{}"))
    assert right("two calls", Answer("", [("a", '{"y": "z", "x": 1}'), ("b", "{}")]), expected)
    assert not right("two calls", Answer("", [("b", "{}"), ("a", '{"x": 1, "y": "z"}')]), expected)
    assert not right("two calls", Answer("", [("a", '{"x": 1, "y": "z"}')]), expected)
    assert not right("two calls", Answer("", [("a", '{"x": 1, "y": "z"'), ("b", "{}")]), expected)


def test_no_call_may_come_where_none_fits() -> None:
    assert right("no call", Answer("I have no tool for that.", []), said("I have no tool for that."))
    assert not right(
        "no call", Answer("I have no tool for that.", [("a", "{}")]), said("I have no tool for that.")
    )


def test_a_reversed_word_is_right_without_its_working() -> None:
    assert right("reverse", Answer('"cba"', []), said('a-b-c, backwards: "cba"'))
    assert not right("reverse", Answer('a-b-c, backwards: "cab"', []), said('a-b-c, backwards: "cba"'))
