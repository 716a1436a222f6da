"""The anthropic package, unchanged, and a real server."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from anthropic import (
    Anthropic,
    AsyncAnthropic,
    AuthenticationError,
    BadRequestError,
    NotFoundError,
)
from anthropic.types import ToolUseBlock

from tests.end_to_end.messages.conftest import KEY, MessagesApi, text_of, word

WEATHER: Any = {
    "name": "get_weather",
    "description": "The weather of a city.",
    "input_schema": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
    },
}


def test_a_text_whole_and_streamed(client: Anthropic) -> None:
    whole = client.messages.create(model="script", max_tokens=50, messages=word("hello"))
    assert text_of(whole) == "Hello there, how are you?"
    assert whole._request_id == whole.id.removeprefix("msg_")
    with client.messages.stream(model="script", max_tokens=50, messages=word("hello")) as stream:
        pieces = list(stream.text_stream)
        final = stream.get_final_message()
    assert len(pieces) > 1
    assert "".join(pieces) == text_of(final) == text_of(whole)
    assert (final.stop_reason, final.usage) == (whole.stop_reason, whole.usage)


def test_an_async_client_gets_the_same(api: MessagesApi) -> None:
    async def asked() -> tuple[str, str]:
        async with AsyncAnthropic(base_url=api.url, api_key=KEY, max_retries=0) as client:
            whole = await client.messages.create(model="script", max_tokens=50, messages=word("think"))
            async with client.messages.stream(
                model="script", max_tokens=50, messages=word("think")
            ) as stream:
                return text_of(whole), text_of(await stream.get_final_message())

    assert asyncio.run(asked()) == ("The answer is 42.", "The answer is 42.")


def test_a_tool_is_called_and_its_result_answered(client: Anthropic) -> None:
    messages = word("weather")
    with client.messages.stream(model="script", max_tokens=100, messages=messages, tools=[WEATHER]) as stream:
        said = stream.get_final_message()
    assert said.stop_reason == "tool_use"
    thinking, call = said.content
    assert thinking.type == "thinking"
    assert isinstance(call, ToolUseBlock)
    assert (call.name, call.input) == ("get_weather", {"city": "Paris"})
    result = {"type": "tool_result", "tool_use_id": call.id, "content": "<|sunny|>"}
    messages += [said.to_param(), {"role": "user", "content": [result]}]
    answer = client.messages.create(model="script", max_tokens=100, messages=messages, tools=[WEATHER])
    assert text_of(answer) == "It is sunny in Paris."


def test_tokens_are_counted_as_an_answer_counts_them(client: Anthropic) -> None:
    conversation: Any = {
        "model": "tiny",
        "system": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
        "messages": [
            {"role": "user", "content": "Hello"},
            {
                "role": "assistant",
                "content": [
                    {"type": "tool_use", "id": "1", "name": "get_weather", "input": {"city": "Rome"}}
                ],
            },
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "1", "content": "rain"}]},
        ],
        "tools": [WEATHER],
        "thinking": {"type": "disabled"},
    }
    count = client.messages.count_tokens(**conversation)
    usage = client.messages.create(max_tokens=1, **conversation).usage
    assert count.input_tokens == usage.input_tokens + (usage.cache_read_input_tokens or 0) > 10
    long: Any = {"model": "tiny", "messages": [{"role": "user", "content": "x " * 5000}]}
    assert client.messages.count_tokens(**long).input_tokens > 2048
    with pytest.raises(BadRequestError, match="maximum context length"):
        client.messages.create(max_tokens=1, **long)


def test_errors_are_raised_by_their_names(api: MessagesApi, client: Anthropic) -> None:
    with pytest.raises(BadRequestError) as bad:
        client.messages.create(model="tiny", max_tokens=5, messages=[])
    assert bad.value.type == "invalid_request_error"
    assert isinstance(bad.value.body, dict)
    assert bad.value.request_id == bad.value.body["request_id"] == bad.value.response.headers["x-request-id"]
    with pytest.raises(NotFoundError) as unknown:
        client.messages.create(model="nobody", max_tokens=5, messages=word("hello"))
    assert unknown.value.type == "not_found_error"
    with pytest.raises(AuthenticationError) as stranger, api.client(key="another") as other:
        other.messages.create(model="tiny", max_tokens=5, messages=word("hello"))
    assert stranger.value.type == "authentication_error"
    assert stranger.value.request_id
    with pytest.raises(NotFoundError, match="does not serve this path"):
        client.messages.create(model="tiny-chat", max_tokens=5, messages=word("hello"))
