"""Values that no request may have: what the client reads, and where it is wrong."""

from __future__ import annotations

from typing import Any

import pytest

from tests.calculators.llm.asked import (
    refusal,
)


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"model": 3}, "model"),
        ({"messages": None}, "messages"),
        ({"messages": []}, "messages"),
        ({"messages": "hi"}, "messages"),
        ({"messages": {"role": "user"}}, "messages"),
        ({"messages": [{}]}, "messages[0].role"),
        ({"messages": ["hi"]}, "messages[0]"),
        ({"messages": [{"role": "user", "content": 3}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": "\ud800"}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": [["hi"]]}]}, "messages[0].content[0]"),
        ({"messages": [{"role": "user", "content": [{}]}]}, "messages[0].content[0].type"),
        ({"messages": [{"role": "user", "content": [{"type": ["x"]}]}]}, "messages[0].content[0].type"),
        ({"messages": [{"role": "user", "content": [{"type": "text"}]}]}, "messages[0].content[0].text"),
        (
            {"messages": [{"role": "user", "content": [{"type": "text", "text": 1}]}]},
            "messages[0].content[0].text",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}]},
            "messages[0].content[0]",
        ),
        ({"messages": [{"role": "user", "content": [{"type": "input_audio"}]}]}, "messages[0].content[0]"),
        ({"messages": [{"role": 7, "content": "x"}]}, "messages[0].role"),
        ({"messages": [{"role": "robot", "content": "x"}]}, "messages[0].role"),
        ({"messages": [{"role": "user", "content": "x", "name": 1}]}, "messages[0].name"),
        ({"messages": [{"role": "assistant", "tool_calls": [{}]}]}, "messages[0].tool_calls[0].function"),
        ({"stream": 1}, "stream"),
        ({"stream": "true"}, "stream"),
        ({"stream_options": True}, "stream_options"),
        ({"stream_options": {"include_usage": 1}}, "stream_options.include_usage"),
        ({"stream_options": {"continuous_usage_stats": 1}}, "stream_options.continuous_usage_stats"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": -1}, "max_tokens"),
        ({"max_tokens": "5"}, "max_tokens"),
        ({"max_tokens": 5.5}, "max_tokens"),
        ({"max_tokens": 0.0}, "max_tokens"),
        ({"max_tokens": True}, "max_tokens"),
        ({"max_tokens": 2**32}, "max_tokens"),
        ({"max_completion_tokens": 0}, "max_completion_tokens"),
        ({"temperature": -0.1}, "temperature"),
        ({"temperature": 2.1}, "temperature"),
        ({"temperature": 10**400}, "temperature"),
        ({"temperature": True}, "temperature"),
        ({"temperature": "1"}, "temperature"),
        ({"top_p": -0.01}, "top_p"),
        ({"top_p": 1.01}, "top_p"),
        ({"top_k": -2}, "top_k"),
        ({"top_k": 1.5}, "top_k"),
        ({"top_k": 2**31}, "top_k"),
        ({"repetition_penalty": 0}, "repetition_penalty"),
        ({"repetition_penalty": 10**400}, "repetition_penalty"),
        ({"seed": 2**64}, "seed"),
        ({"seed": -(2**63) - 1}, "seed"),
        ({"seed": 1e300}, "seed"),
        ({"seed": 1.5}, "seed"),
        ({"seed": True}, "seed"),
        ({"ignore_eos": "yes"}, "ignore_eos"),
        ({"stop": 3}, "stop"),
        ({"stop": ["a", None]}, "stop[1]"),
        ({"stop": ["a"] * 17}, "stop"),
        ({"stop": "x" * 1001}, "stop"),
        ({"chat_template": "{{ messages }}"}, "chat_template"),
    ],
)
def test_refuses_what_is_wrong_and_says_where(body: dict[str, Any], param: str) -> None:
    error = refusal(**body)
    assert error.param == param
    assert f"'{param}'" in error.message


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"temperature": 3}, "'temperature' must be a number from 0 to 2."),
        ({"min_p": 1}, "'min_p' must be a number from 0 to below 1."),
        ({"max_tokens": "x"}, "'max_tokens' must be an integer from 1 to 4294967295."),
        ({"stream": 0}, "'stream' must be true or false."),
        (
            {"stop": ["a", "x" * 1001]},
            "'stop[1]' must be a string of at most 1000 characters.",
        ),
        (
            {"messages": [{"role": "robot", "content": "x"}]},
            "'messages[0].role' must be one of 'system', 'developer', 'user', 'assistant', 'tool', 'function'.",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url"}]}]},
            "'messages[0].content[0]' is a part of type 'image_url', and this model reads text parts only.",
        ),
        ({"top_k": "x"}, "'top_k' must be an integer from -1 to 2147483647."),
        (
            {"seed": 2**64},
            "'seed' must be an integer from -9223372036854775808 to 18446744073709551615.",
        ),
        (
            {"messages": None},
            "'messages' is required and must be a non-empty list of at most 10000 messages.",
        ),
    ],
)
def test_says_what_would_be_right(body: dict[str, Any], message: str) -> None:
    assert refusal(**body).message == message


def test_a_conversation_has_no_more_messages_than_any_honest_one_and_is_not_read_beyond() -> None:
    no_messages = [None] * 10_001  # to read one would be another error
    assert refusal(messages=no_messages).message == (
        "'messages' must be a non-empty list of at most 10000 messages."
    )


def test_a_message_has_no_more_parts_than_any_honest_one() -> None:
    parts = [{"type": "text", "text": "x"}] * 1_001
    assert refusal(messages=[{"role": "user", "content": parts}]).message == (
        "'messages[0].content' must be a string or a list of at most 1000 text parts."
    )
