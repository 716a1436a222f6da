"""The requests of a coding agent, as it sends them, turn after turn.

Their shape is that of Claude Code 2.1: of captures that its users have published, such as the one in pull
request 20623 of llama.cpp, and of the wire format at qntx.sbvh.nl/research/claude-api-wire-format.html. The
words are ours, and fewer.

claude_code.json is the second request of a run of Claude Code 2.1.197 (`claude -p`) with a server of ours, after a call
of its tool. Texts are cut.
"""

from __future__ import annotations

import json
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.anthropic_types import as_count, as_events, as_message
from tests.end_to_end.messages.conftest import KEY, MessagesApi
from tests.serving.asking import Answer, post

HEADERS = {
    "accept": "application/json",
    "anthropic-beta": "claude-code-20250219,adaptive-thinking-2026-01-28,context-management-2025-06-27,"
    "prompt-caching-scope-2026-01-05,advanced-tool-use-2025-11-20,effort-2025-11-24",
    "anthropic-dangerous-direct-browser-access": "true",
    "anthropic-version": "2023-06-01",
    "authorization": f"Bearer {KEY}",
    "content-type": "application/json",
    "user-agent": "claude-cli/2.1.69 (external, cli)",
    "x-app": "cli",
    "x-stainless-retry-count": "0",
}
CACHED = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}
TOOLS = [
    {
        "name": name,
        "description": f"{name} of the agent's.",
        "input_schema": {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "properties": {"city": {"type": "string", "description": "As in Paris"}},
            "required": ["city"],
            "additionalProperties": False,
        },
    }
    for name in ("get_weather", "Bash", "Read", "Edit", "Write", "Glob", "Grep", "Task", "TodoWrite")
]
NUMBERS = count(1)


def text(words: str, **more: Any) -> dict[str, Any]:
    return {"type": "text", "text": words, **more}


def system() -> list[dict[str, Any]]:
    """The system prompt, of which the first block is another in each request."""
    billing = (
        f"x-anthropic-billing-header: cc_version=2.1.69.0d9; cc_entrypoint=cli; cch={next(NUMBERS):05x};"
    )
    return [
        text(billing),
        text("You are an agent.", **CACHED),
        text("You are interactive.", **CACHED),
    ]


def ask(api: MessagesApi, messages: list[Any], path: str = "messages", /, **more: Any) -> Answer:
    body = {
        "model": "script",
        "messages": messages,
        "system": system(),
        "tools": [
            *TOOLS,
            {
                "name": "mcp__docs__" + "search_" * 10,
                "input_schema": {"type": "object"},
                "defer_loading": True,
            },
        ],
        "metadata": {"user_id": json.dumps({"device_id": "0a" * 32, "session_id": "b4e5"})},
        "max_tokens": 32_000,
        "thinking": {"type": "adaptive"},
        "context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
        "output_config": {"effort": "medium"},
        **more,
    }
    kept = {name: value for name, value in body.items() if value is not ...}
    return post(api.url, kept, f"/v1/{path}?beta=true", HEADERS)


def begun() -> list[Any]:
    return [
        {
            "role": "user",
            "content": "<available-deferred-tools>\nmcp__docs__search\n</available-deferred-tools>",
        },
        {
            "role": "user",
            "content": [
                text("<system-reminder>\nToday is a day.\n</system-reminder>"),
                text("What is the weather? <|weather|>", **CACHED),
            ],
        },
    ]


def test_an_agent_calls_a_tool_and_goes_on(api: MessagesApi) -> None:
    messages = begun()
    first = ask(api, messages, stream=True, thinking={"type": "disabled"})
    assert first.status == 200, first.body
    assert first.headers["x-ovpipe-ignored-parameters"] == (
        "system.x-anthropic-billing-header, tools.defer_loading, context_management"
    )
    events = as_events(first.body)
    starts = [event.content_block for event in events if event.type == "content_block_start"]
    assert [block.type for block in starts] == ["thinking", "tool_use"]
    pieces = [event.delta for event in events if event.type == "content_block_delta"]
    thought = "".join(piece.thinking for piece in pieces if piece.type == "thinking_delta")
    signature = "".join(piece.signature for piece in pieces if piece.type == "signature_delta")
    sent = json.loads("".join(piece.partial_json for piece in pieces if piece.type == "input_json_delta"))
    (ending,) = [event for event in events if event.type == "message_delta"]
    assert ending.delta.stop_reason == "tool_use"
    messages += [
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": thought, "signature": signature},
                {
                    "type": "tool_use",
                    "id": starts[1].id,
                    "name": starts[1].name,
                    "input": sent,
                    "caller": {"type": "direct"},
                },
            ],
        },
        {
            "role": "user",
            "content": [
                {
                    "type": "tool_result",
                    "tool_use_id": starts[1].id,
                    "content": "18 degrees",
                    "is_error": False,
                },
                text("<system-reminder>\nBe brief.\n</system-reminder> <|sunny|>", **CACHED),
            ],
        },
    ]
    second = as_message(ask(api, messages, thinking={"type": "disabled"}).body)
    assert [block.to_dict() for block in second.content] == [text("It is sunny in Paris.")]


def test_two_requests_of_one_conversation_have_one_prompt(api: MessagesApi) -> None:
    """The block that is another in each request would keep the engine from finding the prefix in its cache."""
    left_out: Any = {"max_tokens": ..., "metadata": ..., "context_management": ...}
    counts = {
        as_count(ask(api, begun(), "messages/count_tokens", **left_out).body).input_tokens for _ in range(2)
    }
    without = ask(api, begun(), "messages/count_tokens", **left_out, system=system()[1:])
    assert counts == {as_count(without.body).input_tokens}


def test_a_small_question_is_answered_by_a_schema(api: MessagesApi) -> None:
    schema = {
        "type": "object",
        "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
        "required": ["name", "age"],
        "additionalProperties": False,
    }
    answer = ask(
        api,
        [{"role": "user", "content": [text("Who? <|person|>")]}],
        tools=[],
        temperature=1,
        thinking={"type": "disabled"},
        output_config={"format": {"type": "json_schema", "schema": schema}},
    )
    (block,) = as_message(answer.body).content
    assert block.type == "text"
    assert json.loads(block.text) == {"name": "Ada", "age": 36}


@pytest.mark.parametrize("stream", [True, False])
def test_a_conversation_that_is_too_long_is_said_so_that_the_agent_compacts_it(
    api: MessagesApi, stream: bool
) -> None:
    answer = ask(api, [{"role": "user", "content": "word " * 3000}], stream=stream)
    error = answer.json()["error"]
    assert (answer.status, error["type"]) == (400, "invalid_request_error")
    assert error["message"].startswith("prompt is too long: ")


def test_a_recorded_request_of_the_agent_is_answered(api: MessagesApi) -> None:
    recorded = json.loads(Path(__file__).with_name("claude_code.json").read_text())
    answer = post(api.url, recorded, "/v1/messages?beta=true", HEADERS)
    assert answer.status == 200, answer.body
    assert answer.headers["x-ovpipe-ignored-parameters"].split(", ") == [
        "system.x-anthropic-billing-header",
        "context_management",
    ]
    deltas = [event.delta for event in as_events(answer.body) if event.type == "content_block_delta"]
    said = "".join(delta.text for delta in deltas if delta.type == "text_delta")
    assert said == "And once more."  # the script's word for the effort that it asks for
