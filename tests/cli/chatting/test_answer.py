"""Chunks of a chat completion, as different servers write them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ovpipe.cli.chatting.answer import Answer, Called, Finished, Part, Said, Thought, message_of
from ovpipe.cli.chatting.transport import ChatError

END = {"choices": [{"delta": {}, "finish_reason": "stop"}]}


def read(*chunks: Any) -> list[Part]:
    """The parts of an answer."""
    answer = Answer()
    return [part for chunk in chunks for part in answer.read(json.dumps(chunk))] + list(answer.end())


def delta(**fields: Any) -> dict[str, Any]:
    """A chunk."""
    return {"id": "x", "choices": [{"index": 0, "delta": fields}]}


def test_words_and_thoughts_come_as_they_are_said() -> None:
    for name in ("reasoning_content", "reasoning"):
        parts = read(delta(role="assistant", content=""), delta(**{name: "Hm."}), delta(content="Yes."), END)
        assert parts == [Thought("Hm."), Said("Yes."), Finished("stop", None)]


def test_a_thought_under_both_names_is_one() -> None:
    assert read(delta(reasoning_content="Hm.", reasoning="Hm."), END)[:-1] == [Thought("Hm.")]


def test_nulls_and_unknown_fields_are_nothing() -> None:
    chunk = delta(content=None, reasoning=None, refusal=None, tool_calls=None, audio={"id": 1})
    assert read({**chunk, "usage": None, "error": None, "x": 1}, END) == [Finished("stop", None)]


def test_a_refusal_is_said() -> None:
    assert read(delta(refusal="No."), END)[:-1] == [Said("No.")]


def test_a_call_is_told_when_it_is_whole() -> None:
    calls = [
        delta(tool_calls=[{"index": 0, "id": "a", "function": {"name": "add", "arguments": ""}}]),
        delta(tool_calls=[{"index": 1, "id": "b", "function": {"name": "sub", "arguments": ""}}]),
        delta(tool_calls=[{"index": 0, "function": {"arguments": '{"a":'}}]),
        delta(
            tool_calls=[
                {"index": 0, "function": {"arguments": "1}"}},
                {"index": 1, "function": {"arguments": "{}"}},
            ]
        ),
    ]
    assert read(*calls, END)[:-1] == [Called("add", '{"a":1}'), Called("sub", "{}")]


def test_calls_without_an_index_are_whole_each() -> None:
    call = delta(tool_calls=[{"function": {"name": "now", "arguments": "{}"}}])
    assert read(call, call, END)[:-1] == [Called("now", "{}"), Called("now", "{}")]


def test_the_first_choice_alone_is_read() -> None:
    other = {"choices": [{"index": 1, "delta": {"content": "other"}, "finish_reason": "length"}]}
    assert read(other, delta(content="one"), END) == [Said("one"), Finished("stop", None)]


def test_the_count_of_tokens_comes_with_the_end_or_after_it() -> None:
    usage = {"choices": [], "usage": {"completion_tokens": 7}}
    assert read(END, usage) == [Finished("stop", 7)]
    assert read(END | {"usage": {"completion_tokens": 8}}) == [Finished("stop", 8)]


def test_a_whole_completion_is_read_like_a_chunk() -> None:
    message = {"role": "assistant", "content": "Yes.", "reasoning_content": "Hm."}
    whole = {
        "choices": [{"index": 0, "message": message, "finish_reason": "length"}],
        "usage": {"completion_tokens": 2},
    }
    assert read(whole) == [Thought("Hm."), Said("Yes."), Finished("length", 2)]


def test_an_answer_without_a_finish_broke_off() -> None:
    with pytest.raises(ChatError, match="the answer broke off before its end"):
        read(delta(content="Ye"))


@pytest.mark.parametrize("chunk", ["7", "{", '{"choices": 7}', '{"choices": [{"delta": {"content": [1]}}]}'])
def test_what_is_no_chunk_is_told(chunk: str) -> None:
    with pytest.raises(ChatError, match="the answer has a part that is no chunk of a chat completion: "):
        list(Answer().read(chunk))


@pytest.mark.parametrize(
    ("error", "message"),
    [
        ({"error": {"message": "No.", "code": 1}}, "No."),
        ({"error": "No."}, "No."),
        ({"object": "error", "message": "No."}, "No."),
        ({"detail": "No."}, "No."),
        ({"detail": [{"loc": ["body"], "msg": "No."}]}, '[{"loc": ["body"], "msg": "No."}]'),
        ("No.", "No."),
        ({}, "{}"),
    ],
)
def test_an_errors_message_is_found_in_whatever_form_it_has(error: Any, message: str) -> None:
    assert message_of(error) == message
    with pytest.raises(ChatError) as raised:
        list(Answer().read(json.dumps({"error": error})))
    assert str(raised.value) == message
