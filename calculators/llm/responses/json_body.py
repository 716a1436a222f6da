"""JsonBody: an answer in one piece."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import msgspec

from ovpipe.calculators.llm.packets import (
    CalledTool,
    ChatRequest,
    CompletionRequest,
    Content,
    OutputDelta,
    Prompt,
)
from ovpipe.calculators.llm.responses.shared import (
    TokenCounts,
    echo_of,
    encode,
    finish_of,
    head_of,
    headers_of,
    ids_of,
    index_of,
    new_call_id,
    text_before,
    thoughts,
)
from ovpipe.calculators.llm.text.token_texts import TokenTexts
from ovpipe.engines.protocol import PromptToken
from ovpipe.http import ResponseStart


class JsonBody:
    """Gathers all choices, and is written with the last.

    What a delta brings is made ready when it comes, so that the last of a long answer is no more work.
    """

    keep_alive = b""

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
        self.counts = TokenCounts(prompts, reasoning=self._chat)
        self._fingerprint = fingerprint
        self._choices: dict[int, ChoiceBody] = {}

    def add(self, delta: OutputDelta, *, last: bool) -> bytes:
        """The body, with the last delta of all; until then nothing."""
        self.counts.last[delta.prompt, delta.choice] = delta
        index = index_of(self._request, delta)
        choice = self._choices.get(index)
        if choice is None:
            choice = self._choices[index] = ChoiceBody(self._request, self._texts)
        choice.add(delta)
        if not last:
            return b""
        kind = "chat.completion" if self._chat else "text_completion"
        body = head_of(self._request, kind, self._fingerprint) | echo_of(self._request)
        body["choices"] = [
            choice.whole(index, self._prompts) for index, choice in sorted(self._choices.items())
        ]
        body["usage"] = self.counts.usage()
        if self._chat and self._request.return_token_ids and self._prompts:
            body["prompt_token_ids"] = self._prompts[0].tokens
        if self._chat:
            body |= self._choices[0].prompt.whole()
        data = encode(body)
        self.start = replace(self.start, headers={**self.start.headers, "content-length": str(len(data))})
        return data


class ChoiceBody:
    """One choice of an answer as it grows."""

    def __init__(self, request: ChatRequest | CompletionRequest, texts: TokenTexts) -> None:
        self._request = request
        self._texts = texts
        self._offsets = texts.offsets()
        self._content: list[str] = []
        self._reasoning: list[str] = []
        self._calls: list[CalledTool] = []
        self._tokens: list[int] = []
        self._logprobs = GrowingLists()
        self.prompt = GrowingLists()
        """`prompt_logprobs`, where they are wanted: of a chat's answer, and of a completion's choice."""
        self._last = OutputDelta((), 0, 0)
        if request.logprobs:
            self._logprobs.add(self._logprobs_of(self._last))
        if request.prompt_logprobs is not None:
            self.prompt.add({"prompt_logprobs": []})

    def add(self, delta: OutputDelta) -> None:
        """Takes what the next delta brings."""
        self._last = delta
        for part in delta.parts:
            if type(part) is Content:
                self._content.append(part.text)
            elif isinstance(part, CalledTool):
                self._calls.append(part)
            else:
                self._reasoning.append(part.text)
        if delta.prompt_logprobs:
            self._add_prompt(delta.prompt_logprobs)
        if self._request.return_token_ids:
            self._tokens += ids_of(delta)
        if self._request.logprobs and delta.tokens:
            self._logprobs.add(self._logprobs_of(delta))

    def _add_prompt(self, tokens: Sequence[PromptToken]) -> None:
        """What is known of the prompt stands in a field of its own, or with the prompt that is repeated."""
        request = self._request
        if request.prompt_logprobs is not None:
            self.prompt.add({"prompt_logprobs": self._texts.prompt_logprobs(tokens, request.prompt_logprobs)})
        if isinstance(request, CompletionRequest) and request.echoed_top is not None:
            logprobs = self._texts.completion_logprobs(tokens, self._offsets, request.echoed_top)
            self._logprobs.add(logprobs)

    def whole(self, index: int, prompts: Sequence[Prompt]) -> dict[str, Any]:
        """The choice's place in the body."""
        request, last = self._request, self._last
        chat = isinstance(request, ChatRequest)
        choice: dict[str, Any] = {"index": index}
        if isinstance(request, ChatRequest):
            choice["message"] = self._message(older=request.functions)
        else:
            choice["text"] = text_before(request, prompts, last.prompt) + "".join(self._content)
        choice["logprobs"] = self._logprobs.whole() if request.logprobs else None
        choice["finish_reason"] = finish_of(request, last)
        if request.return_token_ids:
            choice["token_ids"] = self._tokens
            if not chat and last.prompt < len(prompts):
                choice["prompt_token_ids"] = prompts[last.prompt].tokens
        return choice if chat else choice | self.prompt.whole()

    def _message(self, *, older: bool) -> dict[str, Any]:
        """The assistant's message; its content is null when there are calls and no text."""
        content, reasoning, calls = "".join(self._content), "".join(self._reasoning), self._calls
        message: dict[str, Any] = {
            "role": "assistant",
            "content": None if calls and not content else content,
            "refusal": None,
        }
        if reasoning:
            message |= thoughts(reasoning)
        functions = [{"name": call.name, "arguments": call.arguments} for call in calls]
        if functions and older:
            message["function_call"] = functions[0]
        elif functions:
            message["tool_calls"] = [
                {"id": new_call_id(), "type": "function", "function": function} for function in functions
            ]
        return message

    def _logprobs_of(self, delta: OutputDelta) -> dict[str, Any]:
        request = self._request
        if isinstance(request, CompletionRequest):
            return self._texts.completion_logprobs(delta.tokens, self._offsets)
        return self._texts.chat_logprobs(delta)


class GrowingLists:
    """A JSON object whose fields are lists that grow, or null. What comes is encoded at once."""

    def __init__(self) -> None:
        self._fields: dict[str, list[bytes] | None] = {}

    def add(self, fields: Mapping[str, list[Any] | None]) -> None:
        """Adds to each list."""
        for name, values in fields.items():
            pieces = self._fields.setdefault(name, None if values is None else [])
            if pieces is not None and values:
                pieces.append(encode(values)[1:-1])

    def whole(self) -> dict[str, Any]:
        """The object as it is now, to be encoded."""
        return {
            name: None if pieces is None else msgspec.Raw(b"[" + b",".join(pieces) + b"]")
            for name, pieces in self._fields.items()
        }
