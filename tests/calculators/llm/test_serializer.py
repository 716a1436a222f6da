"""SseSerializerCalculator: the bytes that a client gets."""

from __future__ import annotations

import json
from itertools import count
from typing import Any, ClassVar

import pytest
from openai.types import Completion
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from ovpipe.calculators.llm.packets import (
    CalledTool,
    ChatRequest,
    CompletionRequest,
    Content,
    Finish,
    Message,
    OutputDelta,
    Prompt,
    Prompts,
    Reasoning,
)
from ovpipe.calculators.llm.responses.event_stream import KEEP_ALIVE
from ovpipe.calculators.llm.responses.json_body import JsonBody
from ovpipe.calculators.llm.serializer import SseSerializerCalculator
from ovpipe.calculators.llm.text.token_texts import TokenTexts
from ovpipe.engines.protocol import LikelyToken, PromptToken, Token
from ovpipe.http import ResponseBody, ResponseStart
from ovpipe.packet import Packet
from ovpipe.testing import CalculatorRunner
from ovpipe.testing.fakes import FakeTokenizer
from ovpipe.timestamp import Timestamp


def said(text: str, completion_tokens: int, prompt_tokens: int, finish: Finish = None) -> OutputDelta:
    """A delta of plain text."""
    return OutputDelta((Content(text),) if text else (), completion_tokens, prompt_tokens, finish)


HI_AND_STOP = (said("H", 1, 7), said("", 2, 7), said("i", 3, 7), said("", 4, 7, "stop"))


def chat(**wishes: Any) -> ChatRequest:
    return ChatRequest(
        id="chatcmpl-1", created=5, model='m"', messages=(Message(role="user", content="x"),), **wishes
    )


def completion(**wishes: Any) -> CompletionRequest:
    return CompletionRequest(id="cmpl-1", created=5, model='m"', prompts=("x",), **wishes)


def run(
    request: ChatRequest | CompletionRequest, *deltas: OutputDelta
) -> tuple[ResponseStart, list[ResponseBody]]:
    out = CalculatorRunner(SseSerializerCalculator()).run(request=[request], parsed=deltas)
    start, *rest = out[SseSerializerCalculator.response]
    assert isinstance(start, ResponseStart)
    bodies = [part for part in rest if isinstance(part, ResponseBody)]
    assert len(bodies) == len(rest)
    return start, bodies


def counts(of_chat: bool, prompt: int, completion: int, reasoning: int = 0) -> dict[str, Any]:
    """OpenAI's usage object."""
    details = {"completion_tokens_details": {"reasoning_tokens": reasoning}} if of_chat else {}
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        **details,
    }


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
    assert last["usage"] == counts(request_of is chat, 7, 4)
    assert last["id"] == chunks[0]["id"]


@pytest.mark.parametrize("wishes", [{}, {"logprobs": True}, {"return_token_ids": True}], ids=str)
def test_the_chunk_of_the_role_counts_no_token(wishes: dict[str, Any]) -> None:
    asked = chat(stream=True, include_usage=True, continuous_usage_stats=True, **wishes)
    role, *others = events(run(asked, *HI_AND_STOP)[1])
    assert role["choices"][0]["delta"]["role"] == "assistant"
    assert role["usage"] == counts(True, 7, 0)
    assert others[0]["usage"] == counts(True, 7, 1)
    assert others[-1]["usage"] == counts(True, 7, 4)


def test_a_text_in_the_last_delta_comes_before_its_finish() -> None:
    _, bodies = run(chat(stream=True), said("all", 1, 7, "length"))
    choices = [event["choices"][0] for event in events(bodies)]
    assert [(choice["delta"], choice["finish_reason"]) for choice in choices] == [
        ({"role": "assistant", "content": ""}, None),
        ({"content": "all"}, None),
        ({}, "length"),
    ]


def test_a_stream_starts_with_the_first_delta_though_it_brings_no_text() -> None:
    _, bodies = run(chat(stream=True), said("", 1, 7), said("x", 2, 7, "stop"))
    assert b'"role":"assistant"' in bodies[0].data
    assert b'"x"' not in bodies[0].data


def test_answers_a_chat_in_one_body() -> None:
    start, (body,) = run(chat(), *HI_AND_STOP)
    assert start.headers == {"content-type": "application/json", "content-length": str(len(body.data))}
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
        "usage": counts(True, 7, 4),
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
    _, bodies = run(chat(stream=stream, include_usage=stream), said("Hi", 3, 7))
    assert b"".join(body.data for body in bodies).count(b'"Hi"') == 1
    last = events(bodies)[-2:] if stream else [json.loads(bodies[0].data)] * 2
    assert last[0]["choices"][0]["finish_reason"] == "stop"
    assert last[1]["usage"] == counts(True, 7, 3)


@pytest.mark.parametrize("stream", [True, False])
def test_prompts_of_choices_that_never_came_are_counted(stream: bool) -> None:
    request = CompletionRequest(
        id="c", created=5, model="m", prompts=("x", "y"), n=2, stream=stream, include_usage=stream
    )
    out = CalculatorRunner(SseSerializerCalculator()).run(
        request=[request],
        prompts=[Prompts((Prompt((1, 2)), Prompt((1, 2, 3))))],
        parsed=[OutputDelta((Content("a"),), 4, 2, "stop")],
    )
    bodies = [part for part in out[SseSerializerCalculator.response] if isinstance(part, ResponseBody)]
    answers = events(bodies) if stream else [json.loads(bodies[0].data)]
    assert answers[-1]["usage"] == counts(False, 5, 4)


def test_a_prompt_counts_though_one_of_its_choices_knows_nothing_of_it() -> None:
    request = CompletionRequest(id="c", created=5, model="m", prompts=("x",), n=2)
    _, (body,) = run(request, said("a", 4, 9, "stop"))
    assert json.loads(body.data)["usage"] == counts(False, 9, 4)


@pytest.mark.parametrize("stream", [True, False])
def test_a_text_that_never_came_is_an_empty_answer(stream: bool) -> None:
    start, bodies = run(chat(stream=stream))
    assert start.status == 200
    assert b'"finish_reason":"stop"' in bodies[-1].data


@pytest.mark.parametrize("stream", [True, False])
def test_nothing_comes_after_the_finish(stream: bool) -> None:
    finished = run(chat(stream=stream), said("a", 1, 7, "stop"))
    assert run(chat(stream=stream), said("a", 1, 7, "stop"), said("b", 2, 7, "stop")) == finished


@pytest.mark.parametrize("stream", [True, False])
def test_parameters_without_effect_are_named_in_a_header(stream: bool) -> None:
    start, _ = run(chat(stream=stream, ignored=("foo", "bar")), *HI_AND_STOP)
    assert start.headers["x-ovpipe-ignored-parameters"] == "foo, bar"
    start, _ = run(chat(stream=stream), *HI_AND_STOP)
    assert "x-ovpipe-ignored-parameters" not in start.headers


@pytest.mark.parametrize("stream", [True, False])
def test_what_the_prompt_has_no_place_for_is_named_with_them(stream: bool) -> None:
    out = CalculatorRunner(SseSerializerCalculator()).run(
        request=[chat(stream=stream, ignored=("foo",))],
        prompts=[Prompts((Prompt((1,)),), ignored=("tools",))],
        parsed=HI_AND_STOP,
    )
    start = out[SseSerializerCalculator.response][0]
    assert isinstance(start, ResponseStart)
    assert start.headers["x-ovpipe-ignored-parameters"] == "foo, tools"


ECHO: dict[str, Any] = {"metadata": {"a": "b"}, "user": "u", "store": False, "service_tier": "auto"}


@pytest.mark.parametrize("request_of", [chat, completion])
def test_what_is_echoed_stands_in_the_body_and_in_the_first_chunk_of_each_choice(request_of: Any) -> None:
    _, (body,) = run(request_of(**ECHO), *HI_AND_STOP)
    assert json.loads(body.data).items() >= ECHO.items()
    ends = [OutputDelta((Content("x"),), 1, 7, "stop", choice=choice) for choice in (0, 1)]
    _, bodies = run(request_of(stream=True, n=2, include_usage=True, **ECHO), *ends)
    chunks = events(bodies)
    firsts = [
        next(chunk for chunk in chunks if chunk["choices"] and chunk["choices"][0]["index"] == index)
        for index in (0, 1)
    ]
    assert all(chunk.items() >= ECHO.items() for chunk in firsts)
    assert all(not ECHO.keys() & chunk.keys() for chunk in chunks if chunk not in firsts)


@pytest.mark.parametrize("stream", [False, True])
def test_a_prompt_that_is_echoed_begins_each_of_its_choices(stream: bool) -> None:
    request = CompletionRequest(
        id="1", created=5, model="m", prompts=("a: ", (66, 58)), n=2, echo=True, stream=stream
    )
    ends = [
        OutputDelta((Content("x"),) if choice else (), 1, 7, "stop", prompt, choice)
        for prompt in (0, 1)
        for choice in (0, 1)
    ]
    out = CalculatorRunner(SseSerializerCalculator()).run(
        request=[request], prompts=[Prompts((Prompt((1,), "a: "), Prompt((66, 58), "B:")))], parsed=ends
    )
    bodies = [part for part in out[SseSerializerCalculator.response] if isinstance(part, ResponseBody)]
    texts = ["", "", "", ""]
    for answer in events(bodies) if stream else [json.loads(bodies[0].data)]:
        for choice in answer["choices"]:
            texts[choice["index"]] += choice["text"]
    assert texts == ["a: ", "a: x", "B:", "B:x"]


@pytest.mark.parametrize("stream", [False, True])
def test_no_text_is_echoed_where_none_is_wanted(stream: bool) -> None:
    request = completion(echo=True, detokenize=False, stream=stream)
    _, bodies = run(request, said("", 1, 7, "stop"))
    answers = events(bodies) if stream else [json.loads(bodies[0].data)]
    assert "".join(answer["choices"][0]["text"] for answer in answers) == ""


def test_any_text_is_valid_json_on_one_line() -> None:
    text = 'quote " backslash \\ newline \n\r separator \u2028 nul \x00 \U0001f600'
    _, bodies = run(chat(stream=True), said(text, 1, 7, "stop"))
    assert events(bodies)[1]["choices"][0]["delta"]["content"] == text


# --- calls, thoughts, several choices

CALLED = (
    OutputDelta((Reasoning("Hm."),), 2, 7, reasoning_tokens=2),
    OutputDelta((Content("Look: "), CalledTool("add", '{"a": 1}')), 5, 7, reasoning_tokens=2),
    OutputDelta((CalledTool("sub", "{}"),), 9, 7, "tool_calls", reasoning_tokens=2),
)


def test_calls_are_streamed_name_first_each_with_its_index() -> None:
    _, bodies = run(chat(stream=True), *CALLED)
    deltas = [event["choices"][0]["delta"] for event in events(bodies)]
    ids = [call["id"] for delta in deltas for call in delta.get("tool_calls", []) if "id" in call]
    assert len(set(ids)) == 2
    assert deltas == [
        {"role": "assistant", "content": ""},
        {"reasoning": "Hm.", "reasoning_content": "Hm."},
        {"content": "Look: "},
        {"tool_calls": [named(0, ids[0], "add")]},
        {"tool_calls": [{"index": 0, "function": {"arguments": '{"a": 1}'}}]},
        {"tool_calls": [named(1, ids[1], "sub")]},
        {"tool_calls": [{"index": 1, "function": {"arguments": "{}"}}]},
        {},
    ]
    assert events(bodies)[-1]["choices"][0]["finish_reason"] == "tool_calls"


def named(index: int, id: str, name: str) -> dict[str, Any]:
    """The delta with which a call begins."""
    return {"index": index, "id": id, "type": "function", "function": {"name": name, "arguments": ""}}


def test_calls_and_thoughts_stand_in_the_message() -> None:
    answer = json.loads(run(chat(), *CALLED)[1][0].data)
    message = answer["choices"][0]["message"]
    assert (message["content"], message["reasoning_content"], message["reasoning"]) == (
        "Look: ",
        "Hm.",
        "Hm.",
    )
    assert [call["function"] for call in message["tool_calls"]] == [
        {"name": "add", "arguments": '{"a": 1}'},
        {"name": "sub", "arguments": "{}"},
    ]
    assert answer["usage"] == counts(True, 7, 9, 2)
    ChatCompletion.model_validate(answer, strict=True)


def test_a_message_of_calls_alone_has_no_content() -> None:
    only = OutputDelta((CalledTool("add", "{}"),), 5, 7, "tool_calls")
    assert json.loads(run(chat(), only)[1][0].data)["choices"][0]["message"]["content"] is None


def test_functions_are_answered_in_the_older_form() -> None:
    call = OutputDelta((CalledTool("add", '{"a": 1}'),), 5, 7, "tool_calls")
    (choice,) = json.loads(run(chat(functions=True), call)[1][0].data)["choices"]
    assert choice["message"]["function_call"] == {"name": "add", "arguments": '{"a": 1}'}
    assert choice["finish_reason"] == "function_call"
    streamed = [event["choices"][0] for event in events(run(chat(functions=True, stream=True), call)[1])]
    assert [one["delta"].get("function_call") for one in streamed] == [
        None,
        {"name": "add", "arguments": ""},
        {"arguments": '{"a": 1}'},
        None,
    ]
    assert streamed[-1]["finish_reason"] == "function_call"


def several(prompt: int, choice: int, text: str, tokens: int, finish: Finish = None) -> OutputDelta:
    """A delta of one of several choices."""
    return OutputDelta((Content(text),), tokens, 10 + prompt, finish, prompt, choice)


@pytest.mark.parametrize("stream", [True, False])
def test_choices_of_several_prompts_are_numbered_through_and_counted_together(stream: bool) -> None:
    request = CompletionRequest(
        id="c", created=5, model="m", prompts=("x", "y"), n=2, stream=stream, include_usage=stream
    )
    _, bodies = run(
        request,
        several(1, 1, "d", 1),
        several(0, 0, "a", 1, "stop"),
        several(1, 0, "c", 1, "length"),
        several(1, 1, "D", 2, "stop"),
        several(0, 1, "b", 3, "stop"),
    )
    answers = events(bodies) if stream else [json.loads(bodies[0].data)]
    texts = ["", "", "", ""]
    for choice in (choice for answer in answers for choice in answer["choices"]):
        texts[choice["index"]] += choice["text"]
    assert texts == ["a", "b", "c", "dD"]
    assert answers[-1]["usage"] == counts(False, 21, 7)


# --- tokens

HALF = (
    OutputDelta((Content("h"),), 1, 7, tokens=(Token(104, -0.5),)),
    OutputDelta((), 2, 7, tokens=(Token(0xC3, -1.0),)),
    OutputDelta((Content("é"),), 3, 7, "length", tokens=(Token(0xA9, -2.0),)),
)


@pytest.mark.parametrize("stream", [True, False])
def test_logprobs_come_for_every_token_though_it_is_half_a_character(stream: bool) -> None:
    answers = shown(chat(stream=stream, logprobs=True), stream)
    entries = [entry for choice in answers if choice["logprobs"] for entry in choice["logprobs"]["content"]]
    assert entries == [
        {"token": "h", "logprob": -0.5, "bytes": [104], "top_logprobs": []},
        {"token": "\ufffd", "logprob": -1.0, "bytes": [0xC3], "top_logprobs": []},
        {"token": "\ufffd", "logprob": -2.0, "bytes": [0xA9], "top_logprobs": []},
    ]


@pytest.mark.parametrize("stream", [True, False])
def test_a_completions_logprobs_have_their_own_shape(stream: bool) -> None:
    answers = shown(completion(stream=stream, logprobs=True, top_logprobs=0), stream)
    logprobs = [choice["logprobs"] for choice in answers if choice["logprobs"]]
    assert [token for one in logprobs for token in one["tokens"]] == ["h", "\ufffd", "\ufffd"]
    assert [offset for one in logprobs for offset in one["text_offset"]] == [0, 1, 1]
    assert logprobs[0]["top_logprobs"][0] == {"h": -0.5}


@pytest.mark.parametrize("stream", [True, False])
def test_token_ids_come_when_they_are_wanted(stream: bool) -> None:
    answers = shown(completion(stream=stream, return_token_ids=True), stream)
    assert [token for choice in answers for token in choice.get("token_ids", [])] == [104, 0xC3, 0xA9]
    assert answers[0]["prompt_token_ids"] == [1, 2]


@pytest.mark.parametrize("stream", [True, False])
def test_the_likeliest_tokens_stand_beside_each_where_an_engine_gives_them(stream: bool) -> None:
    token = Token(104, -2.0, (LikelyToken(105, -0.5), LikelyToken(104, -2.0)))
    deltas = (OutputDelta((Content("h"),), 1, 7, "length", tokens=(token,)),)
    (entry,) = next(
        choice["logprobs"]["content"]
        for choice in shown(chat(stream=stream, logprobs=True), stream, deltas)
        if choice["logprobs"] and choice["logprobs"]["content"]
    )
    assert entry["top_logprobs"] == [
        {"token": "i", "logprob": -0.5, "bytes": [105]},
        {"token": "h", "logprob": -2.0, "bytes": [104]},
    ]
    answers = shown(completion(stream=stream, logprobs=True, top_logprobs=2), stream, deltas)
    assert answers[0]["logprobs"]["top_logprobs"] == [{"i": -0.5, "h": -2.0}]


@pytest.mark.parametrize("stream", [True, False])
def test_the_log_probability_of_what_cannot_be_is_a_number(stream: bool) -> None:
    never = float("-inf")
    token = Token(104, never, (LikelyToken(105, 0.0), LikelyToken(104, never)))
    deltas = (OutputDelta((Content("h"),), 1, 7, "length", tokens=(token,)),)
    for request in (chat, completion):
        wishes = {} if request is chat else {"top_logprobs": 2}
        answers = shown(request(stream=stream, logprobs=True, **wishes), stream, deltas)
        (logprobs,) = (choice["logprobs"] for choice in answers if choice["logprobs"])
        if request is chat:
            (entry,) = logprobs["content"]
            assert (entry["logprob"], entry["top_logprobs"][1]["logprob"]) == (-9999.0, -9999.0)
        else:
            assert logprobs["token_logprobs"] == [-9999.0]
            assert logprobs["top_logprobs"] == [{"i": 0.0, "h": -9999.0}]


def shown(
    request: ChatRequest | CompletionRequest, stream: bool, parsed: tuple[OutputDelta, ...] = HALF
) -> list[Any]:
    """The choices of all chunks, or of the one body."""
    out = CalculatorRunner(SseSerializerCalculator()).run(
        request=[request], prompts=[Prompts((Prompt((1, 2)),))], parsed=parsed, tokenizer=FakeTokenizer()
    )
    bodies = [part for part in out[SseSerializerCalculator.response] if isinstance(part, ResponseBody)]
    answers = events(bodies) if stream else [json.loads(bodies[0].data)]
    return [choice for answer in answers for choice in answer["choices"]]


def test_text_offsets_are_places_in_the_text_that_people_see() -> None:
    tokens = (104, FakeTokenizer.BOS, 0xC3, 0xA9, 105)
    delta = OutputDelta(
        (Content("héi"),), 5, 7, "length", tokens=tuple(Token(token, -1.0) for token in tokens)
    )

    def offsets(**wishes: Any) -> Any:
        out = CalculatorRunner(SseSerializerCalculator()).run(
            request=[completion(logprobs=True, **wishes)], parsed=[delta], tokenizer=FakeTokenizer()
        )
        _, body = out[SseSerializerCalculator.response]
        assert isinstance(body, ResponseBody)
        return json.loads(body.data)["choices"][0]["logprobs"]["text_offset"]

    assert offsets() == [0, 1, 1, 1, 2]
    assert offsets(return_tokens_as_token_ids=True) == [0, 1, 1, 1, 2]
    assert offsets(skip_special_tokens=False) == [0, 1, 6, 6, 7]


def test_the_logprobs_of_a_body_are_made_ready_as_they_come() -> None:
    class Seen(TokenTexts):
        """Keeps which tokens it was asked for."""

        asked: ClassVar[list[int]] = []

        def chat_logprobs(self, delta: OutputDelta) -> dict[str, Any]:
            self.asked.extend(token.id for token in delta.tokens)
            return super().chat_logprobs(delta)

    body = JsonBody(chat(logprobs=True), (), Seen(None), None)
    asked = []
    for delta in HALF:
        data = body.add(delta, last=delta is HALF[-1])
        asked.append(list(Seen.asked))
    assert asked == [[104], [104, 0xC3], [104, 0xC3, 0xA9]]
    content = json.loads(data)["choices"][0]["logprobs"]["content"]
    assert [entry["logprob"] for entry in content] == [-0.5, -1.0, -2.0]


READING = OutputDelta((), 0, 7)
"""The engine reads the prompt and has nothing to say yet."""
SAME = OutputDelta((), 1, 7)
"""It is at work after its first token."""


def written(request: ChatRequest | CompletionRequest, *deltas: OutputDelta, **options: Any) -> list[Any]:
    """What goes out, by a clock that goes on by a second whenever it is read: statuses, comments, texts."""
    out = CalculatorRunner(SseSerializerCalculator(**options)).run(
        request=[request], parsed=deltas, clock=map(float, count()).__next__
    )
    return [
        part.status
        if isinstance(part, ResponseStart)
        else part.data.decode()
        if part.data == KEEP_ALIVE
        else b"".join(part.data.split(b"\n\n"))[:6].decode()
        for part in out[SseSerializerCalculator.response]
    ]


def test_a_stream_begins_with_a_comment_when_the_engine_reads_its_prompt_for_long() -> None:
    assert written(chat(stream=True), READING, READING, READING, READING, keep_alive_seconds=2) == [
        200,
        ": keep-alive\n\n",
        ": keep-alive\n\n",
        "data: ",  # the end, which no delta has brought
    ]


def test_silence_counts_from_what_was_written_last() -> None:
    assert written(chat(stream=True), said("H", 1, 7), SAME, SAME, SAME, SAME, keep_alive_seconds=3) == [
        200,
        "data: ",
        ": keep-alive\n\n",
        "data: ",
    ]


def test_a_comment_keeps_a_stream_alive_whose_tokens_are_held_back() -> None:
    held = [OutputDelta((), tokens, 7) for tokens in range(2, 6)]
    assert written(chat(stream=True), said("H", 1, 7), *held, keep_alive_seconds=3)[2] == ": keep-alive\n\n"


def test_comments_do_not_change_what_a_stream_says() -> None:
    deltas = (READING, said("H", 1, 7), SAME, said("i", 2, 7, "stop"))
    request = chat(stream=True, include_usage=True)
    out = CalculatorRunner(SseSerializerCalculator(keep_alive_seconds=1)).run(
        request=[request], parsed=deltas, clock=map(float, count()).__next__
    )
    bodies = [part for part in out[SseSerializerCalculator.response] if isinstance(part, ResponseBody)]
    spoken = [body for body in bodies if body.data != KEEP_ALIVE]
    assert len(bodies) == len(spoken) + 2
    assert events(spoken) == events(run(request, deltas[1], deltas[3])[1])


def test_without_silent_seconds_and_in_an_answer_of_one_piece_there_are_no_comments() -> None:
    for request, options in ((chat(stream=True), {"keep_alive_seconds": 0}), (chat(), {})):
        assert written(request, *[READING] * 20, said("H", 1, 7, "stop"), **options)[0] == 200
        assert ": keep-alive\n\n" not in written(request, *[READING] * 20, said("H", 1, 7, "stop"), **options)


def test_reading_alone_begins_no_answer() -> None:
    out = CalculatorRunner(SseSerializerCalculator()).run(
        request=[chat(stream=True)], parsed=[READING, READING], clock=lambda: 0.0
    )
    parts = out[SseSerializerCalculator.response]
    assert [type(part) for part in parts] == [ResponseStart, ResponseBody]  # both of the end
    assert events([part for part in parts if isinstance(part, ResponseBody)])


@pytest.mark.parametrize("seconds", [-1.0, float("nan"), float("inf")])
def test_silent_seconds_that_are_none_are_refused(seconds: float) -> None:
    with pytest.raises(ValueError, match="keep_alive_seconds is"):
        SseSerializerCalculator(keep_alive_seconds=seconds)


def test_a_second_request_in_one_run_finishes_the_answer_before_it_and_begins_one_of_its_own() -> None:
    out = CalculatorRunner(SseSerializerCalculator()).run(
        request=[Packet(chat(stream=True), Timestamp(0)), Packet(completion(), Timestamp(9))],
        parsed=[
            Packet(said("H", 1, 7), Timestamp(0)),
            Packet(said("Hello", 5, 3, "length"), Timestamp(9)),
            Packet(said("never", 6, 3, "length"), Timestamp(10)),  # it has finished
        ],
    )
    parts = out[SseSerializerCalculator.response]
    begins = [place for place, part in enumerate(parts) if isinstance(part, ResponseStart)]
    assert begins == [0, len(parts) - 2]
    first = [part for part in parts[1:-2] if isinstance(part, ResponseBody)]
    assert first[-1].data.endswith(b"data: [DONE]\n\n")
    assert [event["choices"][0]["finish_reason"] for event in events(first)][-1] == "stop"
    last = parts[-1]
    assert isinstance(last, ResponseBody)
    (choice,) = json.loads(last.data)["choices"]
    assert (choice["text"], choice["finish_reason"]) == ("Hello", "length")


# --- log-probabilities of the prompt

READ = (
    OutputDelta(
        (), 0, 3, prompt_logprobs=(PromptToken(72), PromptToken(105, -0.5, (LikelyToken(105, -0.5),), 1))
    ),
    OutputDelta((), 0, 3, prompt_logprobs=(PromptToken(33, -3.0, (LikelyToken(63, -0.1),), 7),)),
)


def answered(request: ChatRequest | CompletionRequest, *deltas: OutputDelta) -> list[Any]:
    out = CalculatorRunner(SseSerializerCalculator()).run(
        request=[request],
        parsed=deltas,
        tokenizer=FakeTokenizer(),
        prompts=[Prompts((Prompt((72, 105, 33)),))],
    )
    bodies = [part for part in out[SseSerializerCalculator.response] if isinstance(part, ResponseBody)]
    return events(bodies) if request.stream else [json.loads(bodies[0].data)]


def test_a_prompt_s_tokens_are_written_as_vllm_writes_them() -> None:
    expected = [
        None,
        {"105": {"logprob": -0.5, "rank": 1, "decoded_token": "i"}},
        {
            "33": {"logprob": -3.0, "rank": 7, "decoded_token": "!"},
            "63": {"logprob": -0.1, "rank": 1, "decoded_token": "?"},
        },
    ]
    (body,) = answered(chat(prompt_logprobs=1), *READ, said("x", 1, 3, "stop"))
    assert body["prompt_logprobs"] == expected
    (body,) = answered(completion(prompt_logprobs=1), *READ, said("x", 1, 3, "stop"))
    assert body["choices"][0]["prompt_logprobs"] == expected
    (body,) = answered(completion(prompt_logprobs=0), *READ, said("x", 1, 3, "stop"))
    assert [len(entry or ()) for entry in body["choices"][0]["prompt_logprobs"]] == [0, 1, 1]


@pytest.mark.parametrize("stream", [False, True])
def test_the_logprobs_beside_an_echo_begin_with_the_prompt_s(stream: bool) -> None:
    asked = completion(echo=True, logprobs=True, top_logprobs=1, stream=stream)
    asked = CompletionRequest(
        **{name: getattr(asked, name) for name in asked.__struct_fields__} | {"prompts": ("Hi!",)}
    )
    token = Token(120, -0.25, (LikelyToken(120, -0.25),))
    answers = answered(asked, *READ, OutputDelta((Content("x"),), 1, 3, "length", tokens=(token,)))
    choices = [choice for answer in answers for choice in answer["choices"]]
    assert "".join(choice["text"] for choice in choices) == "Hi!x"
    found: dict[str, list[Any]] = {}
    for choice in choices:
        for name, values in (choice["logprobs"] or {}).items():
            found.setdefault(name, []).extend(values)
    assert found == {
        "tokens": ["H", "i", "!", "x"],
        "token_logprobs": [None, -0.5, -3.0, -0.25],
        "top_logprobs": [None, {"i": -0.5}, {"!": -3.0, "?": -0.1}, {"x": -0.25}],
        "text_offset": [0, 1, 2, 3],
    }
