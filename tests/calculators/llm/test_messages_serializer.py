"""MessagesSerializerCalculator: the bytes that a client of Anthropic's gets."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest
from anthropic.lib.streaming._messages import accumulate_event
from anthropic.types import Message as AnthropicMessage
from hypothesis import given
from hypothesis import strategies as st

from ovpipe.calculators.llm.messages_serializer import MessagesSerializerCalculator
from ovpipe.calculators.llm.packets import (
    CalledTool,
    ChatRequest,
    Content,
    Finish,
    Message,
    OutputDelta,
    Part,
    Reasoning,
)
from ovpipe.http import ResponseBody, ResponseStart
from ovpipe.testing import CalculatorRunner
from tests.anthropic_types import as_events, as_message


def chat(**wishes: Any) -> ChatRequest:
    return ChatRequest(
        id="msg_1",
        created=5,
        model='m"',
        messages=(Message(role="user", content="x"),),
        **{"default_max_tokens": 100} | wishes,
    )


def run(request: ChatRequest, *deltas: OutputDelta) -> tuple[ResponseStart, bytes]:
    out = CalculatorRunner(MessagesSerializerCalculator()).run(request=[request], parsed=deltas)
    start, *rest = out[MessagesSerializerCalculator.response]
    assert isinstance(start, ResponseStart)
    return start, b"".join(part.data for part in rest if isinstance(part, ResponseBody))


def said(*parts: Part, tokens: int = 1, finish: Finish = None, **more: Any) -> OutputDelta:
    return OutputDelta(parts, tokens, 7, finish, **more)


def whole(*deltas: OutputDelta, **wishes: Any) -> AnthropicMessage:
    return as_message(run(chat(**wishes), *deltas)[1])


def folded(*deltas: OutputDelta, **wishes: Any) -> AnthropicMessage:
    """What the anthropic package makes of the stream."""
    message: Any = None
    buffers: dict[int, bytes] = {}
    for event in as_events(run(chat(stream=True, **wishes), *deltas)[1]):
        message = accumulate_event(event=event, current_snapshot=message, json_bufs=buffers)
    return as_message(message.to_json().encode())


def test_a_whole_answer() -> None:
    start, body = run(
        chat(), said(Content("Hel")), said(Content("lo"), tokens=2), said(tokens=3, finish="stop")
    )
    assert dict(start.headers) == {
        "content-type": "application/json",
        "content-length": str(len(body)),
        "request-id": "1",
    }
    message = as_message(body)
    assert (message.id, message.model, message.role) == ("msg_1", 'm"', "assistant")
    assert [block.to_dict() for block in message.content] == [{"type": "text", "text": "Hello"}]
    assert (message.stop_reason, message.stop_sequence) == ("end_turn", None)
    assert (message.usage.input_tokens, message.usage.output_tokens) == (7, 3)
    assert message.usage.cache_read_input_tokens is None


def test_a_stream_has_anthropics_events_in_their_order() -> None:
    start, body = run(chat(stream=True), said(Content("Hi")), said(tokens=2, finish="stop"))
    assert start.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert start.headers["cache-control"] == "no-cache"
    usage = (
        b'"usage":{"input_tokens":7,"cache_creation_input_tokens":null,"cache_read_input_tokens":null,'
        b'"output_tokens":%d,%s}'
    )
    assert body.split(b"\n\n") == [
        b'event: message_start\ndata: {"type":"message_start","message":{"id":"msg_1","type":"message",'
        b'"role":"assistant","model":"m\\"","content":[],"stop_reason":null,"stop_sequence":null,'
        + usage % (0, b'"service_tier":"standard"')
        + b"}}",
        b'event: ping\ndata: {"type":"ping"}',
        b'event: content_block_start\ndata: {"type":"content_block_start","index":0,'
        b'"content_block":{"type":"text","text":""}}',
        b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,'
        b'"delta":{"type":"text_delta","text":"Hi"}}',
        b'event: content_block_stop\ndata: {"type":"content_block_stop","index":0}',
        b'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn",'
        b'"stop_sequence":null},' + usage % (2, b'"output_tokens_details":{"thinking_tokens":0}') + b"}",
        b'event: message_stop\ndata: {"type":"message_stop"}',
        b"",
    ]


def test_thoughts_and_calls_are_blocks_of_their_own() -> None:
    message = whole(
        said(Reasoning("Let me ")),
        said(Reasoning("see."), Content("I look."), tokens=5, reasoning_tokens=4),
        said(CalledTool("look", '{"at": "it"}'), tokens=9, finish="tool_calls", reasoning_tokens=4),
    )
    thinking, text, call = message.content
    assert thinking.type == "thinking"
    assert (thinking.thinking, len(thinking.signature)) == ("Let me see.", 44)
    assert text.type == "text"
    assert text.text == "I look."
    assert call.type == "tool_use"
    assert (call.name, call.input, call.id[:6]) == ("look", {"at": "it"}, "toolu_")
    assert message.stop_reason == "tool_use"
    assert message.usage.output_tokens_details is not None
    assert message.usage.output_tokens_details.thinking_tokens == 4


def test_a_call_that_had_to_be_made_is_a_use_of_a_tool_too() -> None:
    message = whole(said(CalledTool("look", "{}"), finish="stop"))
    assert message.stop_reason == "tool_use"


@pytest.mark.parametrize(
    ("arguments", "input"),
    [
        ("", {}),
        ("[1]", {"arguments": "[1]"}),
        ('{"a": ', {"arguments": '{"a": '}),
        ('{"a": NaN}', {"arguments": '{"a": NaN}'}),
        ('{"a": 1e999}', {"arguments": '{"a": 1e999}'}),
        ('{"n": 123456789012345678901234567890}', {"n": 123456789012345678901234567890}),
    ],
)
def test_the_input_of_a_call_is_an_object_whatever_the_model_wrote(arguments: str, input: Any) -> None:
    deltas = (said(CalledTool("f", arguments), finish="tool_calls"),)
    for message in (whole(*deltas), folded(*deltas)):
        (call,) = message.content
        assert call.type == "tool_use"
        assert call.input == input


@pytest.mark.parametrize(
    ("wishes", "delta", "reason", "sequence"),
    [
        ({}, said(finish="stop"), "end_turn", None),
        ({}, said(finish="stop", matched_stop="END"), "stop_sequence", "END"),
        ({"default_max_tokens": 3}, said(tokens=3, finish="length"), "max_tokens", None),
        ({"default_max_tokens": 4}, said(tokens=3, finish="length"), "model_context_window_exceeded", None),
        ({"max_tokens": 0}, said(tokens=0, finish="length"), "max_tokens", None),
    ],
)
def test_what_ended_the_answer(wishes: Any, delta: OutputDelta, reason: str, sequence: str | None) -> None:
    message = whole(delta, **wishes)
    assert (message.stop_reason, message.stop_sequence) == (reason, sequence)


def test_tokens_from_the_cache_are_counted_apart() -> None:
    deltas = (said(Content("x"), cached_tokens=4), said(tokens=2, finish="stop", cached_tokens=4))
    for message in (whole(*deltas), folded(*deltas)):
        usage = message.usage
        assert (usage.input_tokens, usage.cache_read_input_tokens) == (3, 4)
        assert usage.cache_creation_input_tokens == 0


def test_thoughts_that_are_not_wanted_leave_their_signature() -> None:
    deltas = (said(Reasoning("hm"), Content("x")), said(finish="stop"))
    for message in (
        whole(*deltas, include_reasoning=False),
        folded(*deltas, include_reasoning=False),
    ):
        thinking = message.content[0]
        assert thinking.type == "thinking"
        assert thinking.thinking == ""
        assert len(thinking.signature) == 44


def test_an_answer_that_a_node_above_ends_is_finished() -> None:
    message = whole(said(Content("x"), tokens=4))
    assert (message.stop_reason, message.usage.output_tokens) == ("end_turn", 4)


def test_what_had_no_effect_is_named_in_a_header() -> None:
    start, _ = run(chat(ignored=("top_a",)), said(finish="stop"))
    assert start.headers["x-ovpipe-ignored-parameters"] == "top_a"


def test_a_silent_stream_gets_a_ping() -> None:
    seconds = count(0, 3)
    reading = OutputDelta((), 0, 7)
    out = CalculatorRunner(MessagesSerializerCalculator(keep_alive_seconds=5)).run(
        request=[chat(stream=True)],
        parsed=[reading, reading, reading],
        clock=lambda: next(seconds),
    )
    start, *rest = out[MessagesSerializerCalculator.response]
    assert isinstance(start, ResponseStart)
    assert rest[0] == ResponseBody(b'event: ping\ndata: {"type":"ping"}\n\n')


TEXTS = st.text(max_size=5)
PARTS = st.one_of(
    TEXTS.map(Content),
    TEXTS.map(Reasoning),
    st.builds(CalledTool, st.just("f"), st.sampled_from(['{"a": [1, {"b": null}]}', "{}", "", "oops"])),
)


@given(
    st.lists(st.lists(PARTS, max_size=4), max_size=6),
    st.sampled_from([None, "stop", "length", "tool_calls"]),
    st.sampled_from([None, 0, 5]),
    st.booleans(),
)
def test_a_streams_events_come_to_the_whole_answer(
    lists: list[list[Part]], finish: Finish, cached: int | None, shown: bool
) -> None:
    deltas = [
        said(*parts, tokens=at, cached_tokens=cached, reasoning_tokens=at // 2)
        for at, parts in enumerate(lists, start=1)
    ]
    if finish is not None:
        deltas.append(said(tokens=len(lists) + 1, finish=finish, cached_tokens=cached))
    wishes = {"include_reasoning": shown}
    if not deltas:
        return
    messages = [whole(*deltas, **wishes).to_dict(), folded(*deltas, **wishes).to_dict()]
    for message in messages:
        for block in message["content"]:  # type: ignore[attr-defined]  # to_dict's values are objects
            block.pop("id", None)
        message.pop("stop_details", None)
    assert messages[0] == messages[1]
