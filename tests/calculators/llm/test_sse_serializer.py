"""SseSerializerCalculator: the bytes that a client gets."""

from __future__ import annotations

import json
from typing import Any

import pytest
from openai.types import Completion
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from ovpipe.calculators.llm.packets import ChatRequest, CompletionRequest, Message, TextDelta
from ovpipe.calculators.llm.sse_serializer import SseSerializerCalculator
from ovpipe.http import ResponseBody, ResponseStart
from ovpipe.testing import CalculatorRunner

HI_AND_STOP = (TextDelta("H", 1, 7), TextDelta("", 2, 7), TextDelta("i", 3, 7), TextDelta("", 4, 7, "stop"))


def chat(**wishes: Any) -> ChatRequest:
    return ChatRequest(
        id="chatcmpl-1", created=5, model='m"', messages=(Message(role="user", content="x"),), **wishes
    )


def completion(**wishes: Any) -> CompletionRequest:
    return CompletionRequest(id="cmpl-1", created=5, model='m"', prompt="x", **wishes)


def run(
    request: ChatRequest | CompletionRequest, *deltas: TextDelta
) -> tuple[ResponseStart, list[ResponseBody]]:
    out = CalculatorRunner(SseSerializerCalculator()).run(request=[request], text=deltas)
    start, *rest = out[SseSerializerCalculator.response]
    assert isinstance(start, ResponseStart)
    bodies = [part for part in rest if isinstance(part, ResponseBody)]
    assert len(bodies) == len(rest)
    return start, bodies


def events(bodies: list[ResponseBody]) -> list[Any]:
    """The events' data; the [DONE] at their end is checked and left out."""
    *chunks, done, nothing = b"".join(body.data for body in bodies).decode().split("\n\n")
    assert (done, nothing) == ("data: [DONE]", "")
    assert all(chunk.startswith("data: ") for chunk in chunks)
    return [json.loads(chunk.removeprefix("data: ")) for chunk in chunks]


def test_streams_a_chat() -> None:
    start, bodies = run(chat(stream=True), *HI_AND_STOP)
    assert start.status == 200
    assert start.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert start.headers["cache-control"] == "no-cache"
    assert len(bodies) == 3  # nothing for the delta without text

    def chunk(delta: dict[str, str], finish: str | None = None) -> dict[str, Any]:
        return {
            "id": "chatcmpl-1",
            "object": "chat.completion.chunk",
            "created": 5,
            "model": 'm"',
            "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}],
        }

    assert events(bodies) == [
        chunk({"role": "assistant", "content": ""}),
        chunk({"content": "H"}),
        chunk({"content": "i"}),
        chunk({}, "stop"),
    ]


def test_streams_a_completion() -> None:
    _, bodies = run(completion(stream=True), *HI_AND_STOP)

    def chunk(text: str, finish: str | None = None) -> dict[str, Any]:
        return {
            "id": "cmpl-1",
            "object": "text_completion",
            "created": 5,
            "model": 'm"',
            "choices": [{"index": 0, "text": text, "logprobs": None, "finish_reason": finish}],
        }

    assert events(bodies) == [chunk("H"), chunk("i"), chunk("", "stop")]


@pytest.mark.parametrize("request_of", [chat, completion])
def test_usage_is_streamed_when_it_is_asked_for(request_of: Any) -> None:
    _, bodies = run(request_of(stream=True, include_usage=True), *HI_AND_STOP)
    *chunks, last = events(bodies)
    assert all(chunk["usage"] is None for chunk in chunks)
    assert last["choices"] == []
    assert last["usage"] == {"prompt_tokens": 7, "completion_tokens": 4, "total_tokens": 11}
    assert last["id"] == chunks[0]["id"]


def test_a_text_in_the_last_delta_comes_before_its_finish() -> None:
    _, bodies = run(chat(stream=True), TextDelta("all", 1, 7, "length"))
    choices = [event["choices"][0] for event in events(bodies)]
    assert [(choice["delta"], choice["finish_reason"]) for choice in choices] == [
        ({"role": "assistant", "content": ""}, None),
        ({"content": "all"}, None),
        ({}, "length"),
    ]


def test_a_stream_starts_with_the_first_delta_though_it_brings_no_text() -> None:
    _, bodies = run(chat(stream=True), TextDelta("", 1, 7), TextDelta("x", 2, 7, "stop"))
    assert b'"role":"assistant"' in bodies[0].data
    assert b'"x"' not in bodies[0].data


def test_answers_a_chat_in_one_body() -> None:
    start, (body,) = run(chat(), *HI_AND_STOP)
    assert start == ResponseStart(200, {"content-type": "application/json"})
    assert json.loads(body.data) == {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 5,
        "model": 'm"',
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "Hi", "refusal": None},
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 7, "completion_tokens": 4, "total_tokens": 11},
    }


def test_answers_a_completion_in_one_body() -> None:
    _, (body,) = run(completion(), *HI_AND_STOP)
    answer = json.loads(body.data)
    assert answer["object"] == "text_completion"
    assert answer["choices"] == [{"index": 0, "text": "Hi", "logprobs": None, "finish_reason": "stop"}]


def test_openais_own_types_read_it() -> None:
    _, bodies = run(chat(stream=True, include_usage=True), *HI_AND_STOP)
    chunks = [ChatCompletionChunk.model_validate(event, strict=True) for event in events(bodies)]
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == "Hi"
    chat_answer = ChatCompletion.model_validate_json(run(chat(), *HI_AND_STOP)[1][0].data, strict=True)
    assert chat_answer.choices[0].message.content == "Hi"
    answer = Completion.model_validate_json(run(completion(), *HI_AND_STOP)[1][0].data, strict=True)
    assert answer.choices[0].text == "Hi"


@pytest.mark.parametrize("stream", [True, False])
def test_a_text_that_just_ends_is_finished_with_the_last_counts(stream: bool) -> None:
    _, bodies = run(chat(stream=stream, include_usage=stream), TextDelta("Hi", 3, 7))
    assert b"".join(body.data for body in bodies).count(b'"Hi"') == 1
    last = events(bodies)[-2:] if stream else [json.loads(bodies[0].data)] * 2
    assert last[0]["choices"][0]["finish_reason"] == "stop"
    assert last[1]["usage"] == {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}


@pytest.mark.parametrize("stream", [True, False])
def test_a_text_that_never_came_is_an_empty_answer(stream: bool) -> None:
    start, bodies = run(chat(stream=stream))
    assert start.status == 200
    assert b'"finish_reason":"stop"' in bodies[-1].data


@pytest.mark.parametrize("stream", [True, False])
def test_nothing_comes_after_the_finish(stream: bool) -> None:
    finished = run(chat(stream=stream), TextDelta("a", 1, 7, "stop"))
    assert run(chat(stream=stream), TextDelta("a", 1, 7, "stop"), TextDelta("b", 2, 7, "stop")) == finished


@pytest.mark.parametrize("stream", [True, False])
def test_parameters_without_effect_are_named_in_a_header(stream: bool) -> None:
    start, _ = run(chat(stream=stream, ignored=("foo", "bar")), *HI_AND_STOP)
    assert start.headers["x-ovpipe-ignored-parameters"] == "foo, bar"
    start, _ = run(chat(stream=stream), *HI_AND_STOP)
    assert "x-ovpipe-ignored-parameters" not in start.headers


def test_any_text_is_valid_json_on_one_line() -> None:
    text = 'quote " backslash \\ newline \n\r separator \u2028 nul \x00 \U0001f600'
    _, bodies = run(chat(stream=True), TextDelta(text, 1, 7, "stop"))
    assert events(bodies)[1]["choices"][0]["delta"]["content"] == text
