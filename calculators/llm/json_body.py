"""JsonBody: an answer in one piece."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import uuid4

from ovpipe.calculators.llm.packets import (
    CalledTool,
    ChatRequest,
    CompletionRequest,
    Content,
    OutputDelta,
    Part,
    Prompt,
    Reasoning,
)
from ovpipe.calculators.llm.responses import Usage, call_of, encode, finish_of, head_of, headers_of, index_of
from ovpipe.calculators.llm.token_texts import TokenTexts
from ovpipe.http import ResponseStart


class JsonBody:
    """Gathers all choices, and is written with the last."""

    def __init__(
        self,
        request: ChatRequest | CompletionRequest,
        prompts: Sequence[Prompt],
        texts: TokenTexts,
        fingerprint: str | None,
    ) -> None:
        self.start = ResponseStart(200, headers_of(request, {"content-type": "application/json"}))
        self._request = request
        self._prompts = prompts
        self._texts = texts
        self._chat = isinstance(request, ChatRequest)
        self._usage = Usage(reasoning=self._chat)
        self._fingerprint = fingerprint
        self._choices: dict[int, list[OutputDelta]] = {}

    def add(self, delta: OutputDelta, *, last: bool) -> bytes:
        """The body, with the last delta of all; until then nothing."""
        self._usage.add(delta)
        self._choices.setdefault(index_of(self._request, delta), []).append(delta)
        if not last:
            return b""
        kind = "chat.completion" if self._chat else "text_completion"
        body = head_of(self._request, kind, self._fingerprint)
        body["choices"] = [self._choice(index, deltas) for index, deltas in sorted(self._choices.items())]
        body["usage"] = self._usage.counts()
        if self._chat and self._request.return_token_ids and self._prompts:
            body["prompt_token_ids"] = self._prompts[0].tokens
        data = encode(body)
        self.start = replace(self.start, headers={**self.start.headers, "content-length": str(len(data))})
        return data

    def _choice(self, index: int, deltas: list[OutputDelta]) -> dict[str, Any]:
        request, end = self._request, deltas[-1]
        parts = [part for delta in deltas for part in delta.parts]
        choice: dict[str, Any] = {"index": index}
        if isinstance(request, ChatRequest):
            choice["message"] = message_of(parts, older=request.functions)
        else:
            choice["text"] = text_of(parts, Content, Reasoning)
        choice["logprobs"] = self._logprobs(deltas)
        choice["finish_reason"] = finish_of(request, end)
        if request.return_token_ids:
            choice["token_ids"] = [token for delta in deltas for token in delta.tokens]
            if not self._chat and end.prompt < len(self._prompts):
                choice["prompt_token_ids"] = self._prompts[end.prompt].tokens
        return choice

    def _logprobs(self, deltas: list[OutputDelta]) -> Any:
        if not self._request.logprobs:
            return None
        whole = OutputDelta(
            (),
            0,
            0,
            tokens=tuple(token for delta in deltas for token in delta.tokens),
            logprobs=tuple(logprob for delta in deltas for logprob in delta.logprobs),
        )
        if isinstance(self._request, CompletionRequest):
            return self._texts.completion_logprobs(whole, self._request.top_logprobs or 0, 0)
        return self._texts.chat_logprobs(whole)


def message_of(parts: Sequence[Part], *, older: bool) -> dict[str, Any]:
    """The assistant's message; its content is null when there are calls and no text."""
    calls = [part for part in parts if type(part) is CalledTool]
    content, reasoning = text_of(parts, Content), text_of(parts, Reasoning)
    message: dict[str, Any] = {
        "role": "assistant",
        "content": None if calls and not content else content,
        "refusal": None,
    }
    if reasoning:
        message["reasoning_content"] = reasoning
    if calls and older:
        message["function_call"] = {"name": calls[0].name, "arguments": calls[0].arguments}
    elif calls:
        message["tool_calls"] = [call_of(call, f"call_{uuid4().hex[:24]}") for call in calls]
    return message


def text_of(parts: Sequence[Part], *kinds: type[Content] | type[Reasoning]) -> str:
    """All text of these kinds."""
    return "".join(part.text for part in parts if isinstance(part, kinds))
