"""A coding agent's requests, as the Codex CLI makes them, and its reading of the answers.

What it sends is written after its open source: github.com/openai/codex, codex-rs/codex-api/src/common.rs has the
body, codex-rs/protocol/src/models.rs the items, codex-rs/core/src/tools the tools. What it makes of a stream is
in codex-rs/codex-api/src/sse/responses.rs. It keeps nothing on the server: each request has the whole history,
without ids, and of thoughts nothing but `encrypted_content`.

codex_exec.json is the second request of a run of Codex CLI 0.171.0 (`codex exec`, wire_api "responses") with a server
of ours, after a call of its tool. Long texts are cut.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.end_to_end.responses.conftest import Responses, events
from tests.serving.asking import Answer, post

TOOLS: list[dict[str, Any]] = [
    {
        "type": "function",
        "name": "exec_command",
        "description": "Runs a command in a PTY.",
        "strict": False,
        "parameters": {
            "type": "object",
            "properties": {
                "cmd": {"type": "string", "description": "Shell command to execute."},
                "yield_time_ms": {"type": "number"},
                "tty": {"type": "boolean"},
            },
            "required": ["cmd"],
            "additionalProperties": False,
        },
    },
    {
        "type": "function",
        "name": "update_plan",
        "description": "Updates the task plan.",
        "strict": False,
        "parameters": {
            "type": "object",
            "properties": {"plan": {"type": "array", "items": {"type": "object"}}},
            "required": ["plan"],
        },
    },
    {
        "type": "custom",
        "name": "apply_patch",
        "description": "Edits files. This is a FREEFORM tool.",
        "format": {"type": "grammar", "syntax": "lark", "definition": 'start: "*** Begin Patch" /.*/'},
    },
    {"type": "web_search", "external_web_access": False},
    {"type": "namespace", "name": "mcp__docs", "description": "Docs.", "tools": []},
]


def said(role: str, text: str) -> dict[str, Any]:
    kind = "output_text" if role == "assistant" else "input_text"
    return {"type": "message", "role": role, "content": [{"type": kind, "text": text}]}


def turn(responses: Responses, history: list[dict[str, Any]]) -> Answer:
    """One request, with all that has been said."""
    return responses.ask(
        history,
        model="script",
        instructions="You are a coding agent.",
        tools=TOOLS,
        tool_choice="auto",
        parallel_tool_calls=True,
        reasoning={"effort": "medium", "summary": "auto"},
        store=False,
        stream=True,
        include=["reasoning.encrypted_content"],
        prompt_cache_key="5b0c0c04-94a5-4a43-9d9c-3f2f0f2a1f11",
        text={"verbosity": "low"},
        client_metadata={"x-codex-installation-id": "1"},
        max_output_tokens=...,
        temperature=...,
    )


def sent_back(item: Any) -> dict[str, Any]:
    """An item as it stands in the next request."""
    match item.type:
        case "reasoning":
            return {"type": "reasoning", "summary": [], "encrypted_content": item.encrypted_content}
        case "message":
            return said("assistant", item.content[0].text)
        case "function_call":
            names = ["type", "name", "arguments", "call_id"]
        case _:
            names = ["type", "status", "call_id", "name", "input"]
    return {name: getattr(item, name) for name in names}


def read(answer: Answer) -> list[Any]:
    """The items that are done, of a stream that it takes for whole."""
    streamed = events(answer)
    assert streamed[0].type == "response.created"
    last = streamed[-1]
    assert last.type == "response.completed"
    assert last.response.id
    assert last.response.usage.total_tokens > 0
    return [event.item for event in streamed if event.type == "response.output_item.done"]


def test_an_agent_calls_patches_and_ends(responses: Responses) -> None:
    history = [
        said("developer", "<permissions instructions>Ask first.</permissions instructions>"),
        said("user", "<environment_context><cwd>/repo</cwd></environment_context>"),
        said("user", "<|agent|>"),
    ]
    answer = turn(responses, history)
    assert answer.headers["x-ovpipe-ignored-parameters"].split(", ") == [
        "reasoning.summary",
        "text.verbosity",
        "tools.format",
        "tools.web_search",
        "tools.namespace",
        "client_metadata",
    ]
    thoughts, message, command, patch = read(answer)
    assert [part.text for part in thoughts.content] == ["Look first."]
    assert message.content[0].text == "I look."
    assert json.loads(command.arguments) == {"cmd": "ls"}
    assert (patch.type, patch.input) == ("custom_tool_call", "*** Begin Patch\n*** End Patch")
    history += map(sent_back, (thoughts, message, command, patch))
    history += [
        {"type": "function_call_output", "call_id": command.call_id, "output": "a.py"},
        {"type": "custom_tool_call_output", "call_id": patch.call_id, "output": "<|ready|>"},
    ]
    (end,) = read(turn(responses, history))
    assert end.content[0].text == "All is patched."


def test_a_recorded_request_of_the_agent_is_answered(responses: Responses) -> None:
    recorded = json.loads(Path(__file__).with_name("codex_exec.json").read_text())
    recorded["input"][-1]["output"] = "<|ready|>"  # what the script goes on from
    answer = post(responses.url, recorded, "/v1/responses")
    assert answer.headers["x-ovpipe-ignored-parameters"].split(", ") == [
        "reasoning.summary",
        "tools.namespace",
        "tools.web_search",
        "client_metadata",
    ]
    (end,) = read(answer)
    assert end.content[0].text == "All is patched."
