"""EventStream: an answer as server-sent events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from ovpipe.calculators.llm.packets import (
    CalledTool,
    ChatRequest,
    CompletionRequest,
    Content,
    OutputDelta,
    Part,
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
from ovpipe.http import ResponseStart

DONE: Final = b"data: [DONE]\n\n"
KEEP_ALIVE: Final = b": keep-alive\n\n"
"""A comment, as server-sent events have them: every client passes over it."""
EVENT_STREAM: Final[Mapping[str, str]] = {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-cache",
    "x-accel-buffering": "no",  # nginx would hold events back
}


class EventStream:
    """A streamed answer, event by event.

    All that is the same in each chunk is encoded once; a token of plain text costs the encoding of its text.
    """

    keep_alive = KEEP_ALIVE

    def __init__(
        self,
        request: ChatRequest | CompletionRequest,
        prompts: Sequence[Prompt],
        texts: TokenTexts,
        fingerprint: str | None,
    ) -> None:
        self.start = ResponseStart(200, headers_of(request, EVENT_STREAM))
        self._request = request
        self._chat = isinstance(request, ChatRequest)
        self._prompts = prompts
        self._texts = texts
        self.counts = TokenCounts(prompts, reasoning=self._chat)
        kind = "chat.completion.chunk" if self._chat else "text_completion"
        self._head = b"data: " + encode(head_of(request, kind, fingerprint))[:-1]
        self._choices: dict[tuple[int, int], ChoiceEvents] = {}
        self._shows_tokens = request.logprobs or request.return_token_ids
        counts_in_chunks = request.include_usage and request.continuous_usage_stats
        self._texts_only = not self._shows_tokens and not counts_in_chunks
        plain = b',"logprobs":null,"finish_reason":null}]' + self._usage_field() + b"}\n\n"
        self._after_text = (b"}" if self._chat else b"") + plain

    def add(self, delta: OutputDelta, *, last: bool) -> bytes:
        """The events of one delta; empty when it brings nothing that a client could see."""
        key = (delta.prompt, delta.choice)
        choice = self._choices.get(key)
        parts = delta.parts
        events = b""
        if choice is None:
            choice = self._choices[key] = ChoiceEvents(
                self._head, index_of(self._request, delta), self._chat, self._texts
            )
            # What it begins with came without a token: a chunk's usage counts what has been written.
            self.counts.last[key] = OutputDelta((), 0, delta.prompt_tokens, None, *key)
            events = self._first(choice, delta)
        if delta.prompt_logprobs:
            events += self._echoed(choice, delta)
        self.counts.last[key] = delta
        if not self._texts_only:
            events += self._in_full(choice, delta)
        else:
            for part in parts:
                if type(part) is Content:
                    events += choice.before_text + encode(part.text) + self._after_text
                else:
                    for inside in choice.deltas(part, self._request):
                        events += self._chunk(choice, inside)
        if delta.finish is not None:
            events += self._chunk(choice, {} if self._chat else "", finish=finish_of(self._request, delta))
        if last:
            if self._request.include_usage:
                counts = encode(self.counts.usage())
                events += self._head + b',"choices":[],"usage":' + counts + b"}\n\n"
            events += DONE
        return events

    def _first(self, choice: ChoiceEvents, delta: OutputDelta) -> bytes:
        """What a choice begins with: the role of a chat's message, what the answer repeats of the request,
        and the prompt and its ids when they are wanted.
        """
        echo = echo_of(self._request)
        fields: dict[str, Any] = {}
        if self._request.return_token_ids and delta.prompt < len(self._prompts):
            fields = {"prompt_token_ids": self._prompts[delta.prompt].tokens}
        if self._chat:
            return self._chunk(choice, {"role": "assistant", "content": ""}, top=echo | fields)
        before = text_before(self._request, self._prompts, delta.prompt)
        return self._chunk(choice, before, of_choice=fields, top=echo) if before or fields or echo else b""

    def _echoed(self, choice: ChoiceEvents, delta: OutputDelta) -> bytes:
        """The logprobs of a part of the prompt, whose text has come at once."""
        top = self._request.echoed_top if isinstance(self._request, CompletionRequest) else None
        if top is None:
            return b""
        return self._chunk(choice, "", of_choice={"logprobs": choice.echoed_logprobs(delta, top)})

    def _in_full(self, choice: ChoiceEvents, delta: OutputDelta) -> bytes:
        """The events of a delta whose tokens are shown: those go with its first event."""
        insides = [inside for part in delta.parts for inside in choice.deltas(part, self._request)]
        if not insides and (not delta.tokens or not self._shows_tokens):
            return b""
        fields: dict[str, Any] = {"logprobs": choice.logprobs(delta, self._request)}
        if self._request.return_token_ids:
            fields["token_ids"] = ids_of(delta)
        events = b""
        for inside in insides or [{} if self._chat else ""]:
            events += self._chunk(choice, inside, of_choice=fields)
            fields = {}
        return events

    def _chunk(
        self,
        choice: ChoiceEvents,
        inside: Any,
        *,
        finish: str | None = None,
        of_choice: Mapping[str, Any] | None = None,
        top: Mapping[str, Any] | None = None,
    ) -> bytes:
        fields = {"logprobs": None, "finish_reason": finish, **(of_choice or {})}
        extra = b"".join(b"," + encode({name: value})[1:-1] for name, value in (top or {}).items())
        return (
            choice.before
            + encode(inside)
            + b","
            + encode(fields)[1:-1]
            + b"}]"
            + extra
            + self._usage_field()
            + b"}\n\n"
        )

    def _usage_field(self) -> bytes:
        if not self._request.include_usage:
            return b""
        if not self._request.continuous_usage_stats:
            return b',"usage":null'
        return b',"usage":' + encode(self.counts.usage())


class ChoiceEvents:
    """What is particular to one choice."""

    def __init__(self, head: bytes, index: int, chat: bool, texts: TokenTexts) -> None:
        inside = b'"delta":' if chat else b'"text":'
        self.before = head + b',"choices":[{"index":%d,' % index + inside
        self.before_text = self.before + (b'{"content":' if chat else b"")
        self._chat = chat
        self._calls = 0
        self._texts = texts
        self._offsets = texts.offsets()

    def deltas(self, part: Part, request: ChatRequest | CompletionRequest) -> list[Any]:
        """What one part puts into chunks, as the OpenAI service sends it: of a call first the name."""
        if isinstance(part, CalledTool):
            return self._call(part, older=isinstance(request, ChatRequest) and request.functions)
        if not self._chat:
            return [part.text]
        return [{"content": part.text} if isinstance(part, Content) else thoughts(part.text)]

    def _call(self, call: CalledTool, *, older: bool) -> list[Any]:
        if older:
            begin: dict[str, Any] = {"name": call.name, "arguments": ""}
            return [{"function_call": begin}, {"function_call": {"arguments": call.arguments}}]
        index = self._calls
        self._calls += 1
        name = {
            "index": index,
            "id": new_call_id(),
            "type": "function",
            "function": {"name": call.name, "arguments": ""},
        }
        arguments = {"index": index, "function": {"arguments": call.arguments}}
        return [{"tool_calls": [name]}, {"tool_calls": [arguments]}]

    def logprobs(self, delta: OutputDelta, request: ChatRequest | CompletionRequest) -> Any:
        """The logprobs of one delta, if they are wanted."""
        if not request.logprobs or not delta.tokens:
            return None
        if not isinstance(request, CompletionRequest):
            return self._texts.chat_logprobs(delta)
        return self._texts.completion_logprobs(delta.tokens, self._offsets)

    def echoed_logprobs(self, delta: OutputDelta, top: int) -> Any:
        """The logprobs of a part of the prompt that the answer repeats."""
        return self._texts.completion_logprobs(delta.prompt_logprobs, self._offsets, top)
