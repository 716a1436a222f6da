"""ChatRequestParserCalculator: what it makes of a request, whatever comes."""

from __future__ import annotations

import asyncio
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ovpipe.calculators.llm.packets import ChatRequest, CompletionRequest, Message, TextPart
from ovpipe.calculators.llm.parameters.table import PARAMETERS
from ovpipe.calculators.llm.request_parser import ChatRequestParserCalculator, parse
from ovpipe.calculators.llm.workers import Workers
from ovpipe.errors import RequestError, RunError
from ovpipe.http import Client, HttpRequest
from ovpipe.testing import CalculatorRunner
from tests.calculators.llm.asked import (
    HI,
    chat,
    completion,
)


def test_reads_a_chat() -> None:
    http = HttpRequest("POST", "/chat/completions", json={"model": "m", "messages": HI, "stream": True})
    out = CalculatorRunner(ChatRequestParserCalculator()).run(http_request=[http])
    (request,) = out[ChatRequestParserCalculator.request]
    assert isinstance(request, ChatRequest)
    assert request.messages == (Message(role="user", content="hi"),)
    assert (request.model, request.stream, request.include_usage) == ("m", True, False)
    assert request.id.startswith("chatcmpl-")
    assert len(request.id) == len("chatcmpl-") + 32
    assert request.created > 1_700_000_000


def test_reads_a_completion() -> None:
    request = completion(prompt="Once upon")
    assert request.prompts == ("Once upon",)
    assert request.id.startswith("cmpl-")


def test_every_request_has_an_id_of_its_own() -> None:
    assert chat().id != chat().id


def test_reads_every_built_parameter() -> None:
    request = chat(
        stream=True,
        stream_options={"include_usage": True},
        max_tokens=5,
        max_completion_tokens=6,
        temperature=0,
        top_p=0.5,
        top_k=40,
        repetition_penalty=1.1,
        seed=-3,
        ignore_eos=True,
        stop="END",
    )
    assert request.include_usage is True
    assert (request.max_tokens, request.max_completion_tokens, request.explicit_limit) == (5, 6, 6)
    assert (request.temperature, request.top_p, request.top_k) == (0.0, 0.5, 40)
    assert (request.repetition_penalty, request.seed, request.ignore_eos) == (1.1, -3, True)
    assert request.stop == ("END",)


def test_null_means_absent() -> None:
    nulls = dict.fromkeys(row.name for row in PARAMETERS if not row.required)
    request = chat(**nulls, messages=[{"role": "user", "content": "hi", "name": None, "tool_calls": None}])
    assert (request.temperature, request.max_tokens, request.stop) == (1.0, None, ())
    assert (request.ignored, request.messages) == ((), (Message(role="user", content="hi"),))
    assert chat(stream=True, stream_options={"include_usage": None}).include_usage is False


def test_the_error_names_the_limit_that_the_request_used() -> None:
    assert chat(max_tokens=5).limit_parameter == "max_tokens"
    assert chat(max_completion_tokens=5).limit_parameter == "max_completion_tokens"


def test_reads_text_parts_and_all_roles() -> None:
    request = chat(
        messages=[
            {"role": "developer", "content": "Be brief."},
            {"role": "system", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
            {"role": "user", "content": "hi", "name": "Ann"},
            {"role": "assistant", "content": "", "tool_calls": None, "reasoning_content": "hm"},
            {"role": "tool", "content": "42", "tool_call_id": "call_1"},
        ]
    )
    assert request.messages == (
        Message(role="developer", content="Be brief."),
        Message(role="system", content=(TextPart("a"), TextPart("b"))),
        Message(role="user", content="hi", name="Ann"),
        Message(role="assistant", content="", reasoning_content="hm"),
        Message(role="tool", content="42", tool_call_id="call_1"),
    )


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
likely_messages = st.lists(
    st.dictionaries(
        st.sampled_from(["role", "content", "name", "tool_calls", "type", "text", "x"]),
        json_values | st.sampled_from(["user", "assistant", "tool", [{"type": "text", "text": "hi"}]]),
    ),
    max_size=3,
)
bodies = json_values | st.dictionaries(
    st.sampled_from([row.name for row in PARAMETERS]) | st.text(max_size=5),
    json_values | likely_messages,
    max_size=8,
).map(lambda body: {"model": "m", "messages": HI, "prompt": "hi"} | body)


@given(
    bodies,
    st.sampled_from(["/chat/completions", "/completions", "/", "", "/models"]),
    st.sampled_from(["warn", "error", "ignore"]),
)
def test_any_json_is_a_request_or_a_client_error(
    body: Any, path: str, unknown: Literal["warn", "error", "ignore"]
) -> None:
    http = HttpRequest("POST", path, json=body)
    try:
        request = parse(http, max_tokens_limit=100, unknown_parameters=unknown)
    except RequestError as error:
        assert 400 <= error.status < 500
        assert error.message.endswith((".", "?"))
    else:
        assert request.default_max_tokens == 100


def test_an_answers_id_and_time_are_those_of_its_http_request() -> None:
    http = HttpRequest(
        "POST", "/completions", json={"model": "m", "prompt": "hi"}, id="0f", received=1_800_000_000.7
    )
    request = parse(http)
    assert (request.id, request.created) == ("cmpl-0f", 1_800_000_000)


def test_a_large_body_is_read_by_the_workers_and_a_small_one_on_the_spot() -> None:
    async def read(count: int, workers: Workers) -> ChatRequest | CompletionRequest:
        body = {"model": "m", "messages": [{"role": "user", "content": "hi"}] * count}
        http = HttpRequest("POST", "/chat/completions", {}, b"", body)
        runner = CalculatorRunner(ChatRequestParserCalculator())
        out = await runner.arun(http_request=[http], workers=workers)
        (request,) = out[ChatRequestParserCalculator.request]
        return request

    async def both() -> tuple[int, int]:
        workers = Workers()
        small = await read(10, workers)
        workers.close()
        assert isinstance(small, ChatRequest)
        with pytest.raises(RunError) as raised:  # they are closed
            await read(10_000, workers)
        assert isinstance(raised.value.__cause__, RuntimeError)
        workers = Workers()
        large = await read(10_000, workers)
        workers.close()
        assert isinstance(large, ChatRequest)
        return len(small.messages), len(large.messages)

    assert asyncio.run(both()) == (10, 10_000)


def messages(count: int, **changed: Any) -> list[Any]:
    found: list[Any] = [{"role": "user", "content": f"message {at}"} for at in range(count)]
    found[-2] = {**found[-2], **changed}
    return found


def test_a_thousand_messages_are_read_in_parts_and_none_is_lost() -> None:
    request = chat(messages=messages(1_200, colour="red"))
    assert [message.content for message in request.messages] == [f"message {at}" for at in range(1_200)]
    assert request.ignored == ("messages.colour",)


@pytest.mark.parametrize(
    ("changed", "param"),
    [
        ({"role": "king"}, "messages[1198].role"),
        ({"content": 1}, "messages[1198].content"),
        ({"content": [{"type": "text", "text": "a"}, {"type": "text"}]}, "messages[1198].content[1].text"),
        ({"content": "\ud800"}, "messages[1198].content"),
    ],
)
def test_what_is_wrong_in_a_later_part_has_its_place_in_the_whole_list(changed: Any, param: str) -> None:
    with pytest.raises(RequestError) as raised:
        chat(messages=messages(1_200, **changed))
    assert (raised.value.status, raised.value.param) == (400, param)


def test_a_long_list_of_token_ids_is_read_in_parts() -> None:
    ids: list[Any] = list(range(200_000))
    ids[150_000] = 3.0
    request = completion(prompt=ids)
    assert request.prompts == ((*range(150_000), 3, *range(150_001, 200_000)),)
    ids[150_001] = "x"
    with pytest.raises(RequestError) as raised:
        completion(prompt=ids)
    assert raised.value.param == "prompt[150001]"


# --- who it is from


def test_the_request_says_who_it_is_from() -> None:
    http = HttpRequest("POST", "/chat/completions", json={"messages": HI}, client=Client("key:alice"))
    assert parse(http).client == Client("key:alice")


@pytest.mark.parametrize(("allowed", "priority"), [((-5, 5), 0), ((10, 20), 10), ((-20, -10), -10)])
def test_a_request_without_a_priority_gets_the_nearest_to_0_that_its_client_may_use(
    allowed: tuple[int, int], priority: int
) -> None:
    client = Client("key:alice", allowed)
    http = HttpRequest("POST", "/chat/completions", json={"messages": HI}, client=client)
    assert parse(http).priority == priority


def test_a_priority_beyond_what_its_client_may_use_is_refused() -> None:
    json = {"messages": HI, "priority": 9}
    http = HttpRequest("POST", "/chat/completions", json=json, client=Client("key:alice", (10, 20)))
    with pytest.raises(RequestError, match="'priority' must be from 10 to 20") as refused:
        parse(http)
    assert (refused.value.status, refused.value.param) == (400, "priority")
