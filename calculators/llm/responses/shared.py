"""What streamed and whole answers have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import uuid4

import msgspec

from ovpipe.calculators.llm.packets import ChatRequest, CompletionRequest, OutputDelta, Prompt

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
    return head


def echo_of(request: ChatRequest | CompletionRequest) -> dict[str, Any]:
    """What of the request stands in the answer again: once, however many chunks that has."""
    values = {name: getattr(request, name) for name in ECHOED}
    return {name: value for name, value in values.items() if value is not None}


def text_before(request: ChatRequest | CompletionRequest, prompts: Sequence[Prompt], at: int) -> str:
    """What the text of a choice begins with: its prompt, where the request wants that repeated."""
    if not isinstance(request, CompletionRequest) or not request.echo or not request.detokenize:
        return ""
    prompt = request.prompts[at]
    if isinstance(prompt, str):
        return prompt
    return prompts[at].text if at < len(prompts) else ""


def headers_of(request: ChatRequest | CompletionRequest, headers: Mapping[str, str]) -> dict[str, str]:
    """The response's headers, with the parameters that had no effect."""
    return {**headers, **ignored_header(request.ignored)}


def ignored_header(names: Sequence[str]) -> dict[str, str]:
    """The header that names parameters without effect, if there are any."""
    return {IGNORED_HEADER: ", ".join(names)} if names else {}


def index_of(request: ChatRequest | CompletionRequest, delta: OutputDelta) -> int:
    """The place of a delta's choice among all choices of the answer."""
    return delta.prompt * request.n + delta.choice


def finish_of(request: ChatRequest | CompletionRequest, delta: OutputDelta) -> str | None:
    """The finish_reason; the older form of tools has an older name for it."""
    older = isinstance(request, ChatRequest) and request.functions
    return "function_call" if older and delta.finish == "tool_calls" else delta.finish


def thoughts(text: str) -> dict[str, str]:
    """What a message or a delta has of thoughts: clients know one name of them or the other."""
    return {"reasoning": text, "reasoning_content": text}


def ids_of(delta: OutputDelta) -> list[int]:
    """The ids of a delta's tokens."""
    return [token.id for token in delta.tokens]


def new_call_id() -> str:
    """An id for a call of a tool."""
    return f"call_{uuid4().hex[:24]}"


class TokenCounts:
    """The tokens of an answer so far: prompts counted once, choices each."""

    def __init__(self, prompts: Sequence[Prompt], *, reasoning: bool) -> None:
        self._prompts = prompts
        self._reasoning = reasoning
        self.last: dict[tuple[int, int], OutputDelta] = {}
        """The last delta by prompt and choice, whose counts are those of the choice so far."""

    def last_of(self, key: tuple[int, int]) -> OutputDelta:
        """The last delta of a choice, or one as it would be if nothing had been generated."""
        prompt, choice = key
        tokens = len(self._prompts[prompt].tokens) if prompt < len(self._prompts) else 0
        return self.last.get(key) or OutputDelta((), 0, tokens, None, prompt, choice)

    def usage(self) -> dict[str, Any]:
        """OpenAI's usage object."""
        prompts: dict[int, int] = {}
        cached: dict[int, int] = {}
        for delta in self.last.values():
            prompts[delta.prompt] = max(prompts.get(delta.prompt, 0), delta.prompt_tokens)
            if delta.cached_tokens is not None:
                # Of the choices of one prompt, the first one reads what the others find.
                cached[delta.prompt] = min(cached.get(delta.prompt, delta.prompt_tokens), delta.cached_tokens)
        prompt = sum(prompts.values())
        completion = sum(delta.completion_tokens for delta in self.last.values())
        counts: dict[str, Any] = {
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "total_tokens": prompt + completion,
        }
        if cached:
            counts["prompt_tokens_details"] = {"cached_tokens": sum(cached.values())}
        if self._reasoning:
            reasoning = sum(delta.reasoning_tokens for delta in self.last.values())
            counts["completion_tokens_details"] = {"reasoning_tokens": reasoning}
        return counts
