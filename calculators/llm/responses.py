"""What streamed and whole answers have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from ovpipe.calculators.llm.packets import CalledTool, ChatRequest, CompletionRequest, OutputDelta

IGNORED_HEADER: Final = "x-ovpipe-ignored-parameters"
ECHOED: Final = ("service_tier", "metadata", "user", "store")

encode: Final = msgspec.json.Encoder().encode


def head_of(request: ChatRequest | CompletionRequest, kind: str, fingerprint: str | None) -> dict[str, Any]:
    """The fields that every chunk and every body begins with."""
    head: dict[str, Any] = {
        "id": request.id,
        "object": kind,
        "created": request.created,
        "model": request.model,
    }
    if fingerprint:
        head["system_fingerprint"] = fingerprint
    for name in ECHOED:
        value = getattr(request, name)
        if value is not None:
            head[name] = value
    return head


def headers_of(request: ChatRequest | CompletionRequest, headers: Mapping[str, str]) -> dict[str, str]:
    """The response's headers, with the parameters that had no effect."""
    ignored = {IGNORED_HEADER: ", ".join(request.ignored)} if request.ignored else {}
    return {**headers, **ignored}


def index_of(request: ChatRequest | CompletionRequest, delta: OutputDelta) -> int:
    """The place of a delta's choice among all choices of the answer."""
    return delta.prompt * request.n + delta.choice


def finish_of(request: ChatRequest | CompletionRequest, delta: OutputDelta) -> str | None:
    """The finish_reason; the older form of tools has an older name for it."""
    older = isinstance(request, ChatRequest) and request.functions
    return "function_call" if older and delta.finish == "tool_calls" else delta.finish


def call_of(call: CalledTool, id: str) -> dict[str, Any]:
    """A call of a tool, whole."""
    return {"id": id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}


class Usage:
    """The tokens of an answer so far: prompts counted once, choices each."""

    def __init__(self, *, reasoning: bool) -> None:
        self._reasoning = reasoning
        self._last: dict[tuple[int, int], OutputDelta] = {}

    def add(self, delta: OutputDelta) -> None:
        """Takes the counts of one choice as they are now."""
        self._last[delta.prompt, delta.choice] = delta

    def counts(self) -> dict[str, Any]:
        """OpenAI's usage object."""
        prompts = {delta.prompt: delta.prompt_tokens for delta in self._last.values()}
        prompt = sum(prompts.values())
        completion = sum(delta.completion_tokens for delta in self._last.values())
        counts: dict[str, Any] = {
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "total_tokens": prompt + completion,
        }
        if self._reasoning:
            reasoning = sum(delta.reasoning_tokens for delta in self._last.values())
            counts["completion_tokens_details"] = {"reasoning_tokens": reasoning}
        return counts
