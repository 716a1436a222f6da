"""A streamed answer of a real model is the whole answer in pieces, whatever is asked for besides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from tests.real.answers import SECONDS, Served, at_once
from tests.real.references.prompts import CHATS

pytestmark = [pytest.mark.real, pytest.mark.timeout(SECONDS)]

NAMES = [name for name in CHATS if name not in ("license", "repeat", "two turns", "four turns")]

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Get the weather in a city.",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string", "maxLength": 12}, "days": {"enum": [1, 3, 7]}},
            "required": ["city", "days"],
            "additionalProperties": False,
        },
    },
}

SETTINGS: dict[str, dict[str, Any]] = {
    "greedy": {},
    "one token": {"max_tokens": 1},
    "sampled": {"temperature": 1.0, "seed": 7, "top_p": 0.95},
    "three choices": {"n": 3, "temperature": 1.2, "seed": 2**40, "max_tokens": 10},
    "stop strings": {"stop": [". ", "\n\n", "the c", "な", "2"]},
    "stop strings that are shown": {"stop": ["ing", "e a"], "include_stop_str_in_output": True},
    "logprobs": {"logprobs": True, "return_token_ids": True, "temperature": 0.7, "seed": 1},
    "penalties": {"repetition_penalty": 1.2, "frequency_penalty": 0.5, "presence_penalty": 0.5},
    "json": {"response_format": {"type": "json_object"}, "max_tokens": 20},
    "tools": {"tools": [WEATHER], "tool_choice": "required", "max_tokens": 40},
}


@dataclass
class Assembled:
    """One choice of an answer, put together."""

    content: str = ""
    calls: list[tuple[str, str]] = field(default_factory=list)
    """Name and arguments of each."""
    logprobs: list[tuple[str, float]] = field(default_factory=list)
    ids: list[int] = field(default_factory=list)
    finish: str | None = None


@pytest.mark.parametrize("setting", SETTINGS)
def test_26_streams_bring_what_whole_answers_have(smol: Served, setting: str) -> None:
    assert len(NAMES) == 26
    wishes = SETTINGS[setting]

    def both(name: str) -> tuple[Any, Any]:
        streamed = smol.stream(CHATS[name], stream_options={"include_usage": True}, **wishes)
        return from_pieces(streamed), from_whole(smol.ask(CHATS[name], **wishes))

    for name, (streamed, whole) in zip(NAMES, at_once(both, NAMES), strict=True):
        assert streamed == whole, name


def from_whole(answer: ChatCompletion) -> tuple[Any, list[Assembled]]:
    """The counts and the choices of an answer in one piece."""
    choices = []
    for choice in answer.choices:
        message, extra = choice.message, choice.model_extra or {}
        choices.append(
            Assembled(
                message.content or "",
                [(call.function.name, call.function.arguments) for call in functions(message.tool_calls)],
                pairs(choice.logprobs),
                extra.get("token_ids", []),
                choice.finish_reason,
            )
        )
    return answer.usage, choices


def from_pieces(pieces: Sequence[ChatCompletionChunk]) -> tuple[Any, list[Assembled]]:
    """The same of a stream; each piece goes to its choice."""
    choices: dict[int, Assembled] = {}
    for choice in (choice for piece in pieces for choice in piece.choices):
        whole = choices.setdefault(choice.index, Assembled())
        assert whole.finish is None, "a piece after the end"
        whole.content += choice.delta.content or ""
        for call in choice.delta.tool_calls or []:
            assert call.function is not None
            if call.index == len(whole.calls):
                whole.calls.append(("", ""))
            name, arguments = whole.calls[call.index]
            whole.calls[call.index] = (
                name + (call.function.name or ""),
                arguments + (call.function.arguments or ""),
            )
        whole.logprobs += pairs(choice.logprobs)
        whole.ids += (choice.model_extra or {}).get("token_ids", [])
        whole.finish = choice.finish_reason
    return pieces[-1].usage, [choices[index] for index in sorted(choices)]


def functions(calls: Any) -> Any:
    return calls or []


def pairs(logprobs: Any) -> list[tuple[str, float]]:
    """Each token's text and log-probability."""
    return [(entry.token, entry.logprob) for entry in (logprobs.content if logprobs else None) or []]
