"""Answers of /responses: one Response, or the stream of events that comes to the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from ovpipe.calculators.llm.openai_responses.growing_output import Event, GrowingOutput
from ovpipe.calculators.llm.packets import ChatRequest, OutputDelta, Prompt
from ovpipe.calculators.llm.responses.event_stream import EVENT_STREAM
from ovpipe.calculators.llm.responses.shared import TokenCounts, encode, headers_of
from ovpipe.calculators.llm.responses_packets import AskedResponse
from ovpipe.calculators.llm.text.token_texts import TokenTexts
from ovpipe.http import ResponseStart

Keep = Callable[[Mapping[str, Any]], None]
"""Takes a Response that is whole."""
FIELDS: Final = (
    "id", "object", "created_at", "status", "background", "error", "incomplete_details", "instructions",
    "max_output_tokens", "max_tool_calls", "model", "output", "parallel_tool_calls", "previous_response_id",
    "prompt_cache_key", "reasoning", "safety_identifier", "service_tier", "store", "temperature", "text",
    "tool_choice", "tools", "top_logprobs", "top_p", "truncation", "usage", "user", "metadata",
)  # fmt: skip
"""Of a Response, in OpenAI's order."""


class ResponseForm:
    """What both forms of an answer have in common: the Response as it grows. `keep` takes it whole."""

    def __init__(
        self,
        request: ChatRequest,
        asked: AskedResponse,
        prompts: Sequence[Prompt],
        texts: TokenTexts,
        keep: Keep,
    ) -> None:
        self.counts = TokenCounts(prompts, reasoning=True)
        self.output = GrowingOutput(asked, texts if request.logprobs else None)
        self._request = request
        self._asked = asked
        self._keep = keep

    def grow(self, delta: OutputDelta) -> list[Event]:
        """Takes the next delta."""
        self.counts.last[delta.prompt, delta.choice] = delta
        return list(self.output.add(delta))

    def response(self, status: str) -> dict[str, Any]:
        """The Response as it is now."""
        cut = status == "incomplete"
        known: dict[str, Any] = {
            **self._asked.shown,
            "id": self._asked.id,
            "object": "response",
            "created_at": self._request.created,
            "status": status,
            "background": False,
            "error": None,
            "incomplete_details": {"reason": "max_output_tokens"} if cut else None,
            "output": self.output.items,
            "usage": None if status == "in_progress" else self.usage(),
        }
        return {name: known[name] for name in FIELDS}

    def whole(self, delta: OutputDelta) -> dict[str, Any]:
        """The Response after the last delta, kept if its client wants that."""
        response = self.response("incomplete" if delta.finish == "length" else "completed")
        if self._asked.store:
            self._keep(response)
        return response

    def usage(self) -> dict[str, Any]:
        """The counts by this API's names; nothing cached where the engine does not know."""
        counts = self.counts.usage()
        cached = counts.get("prompt_tokens_details", {}).get("cached_tokens", 0)
        return {
            "input_tokens": counts["prompt_tokens"],
            "input_tokens_details": {"cached_tokens": cached, "cache_write_tokens": 0},
            "output_tokens": counts["completion_tokens"],
            "output_tokens_details": counts["completion_tokens_details"],
            "total_tokens": counts["total_tokens"],
        }


class ResponseBodyForm(ResponseForm):
    """The answer in one piece."""

    keep_alive = b""

    def __init__(self, request: ChatRequest, *rest: Any) -> None:
        super().__init__(request, *rest)
        self.start = ResponseStart(200, headers_of(request, {"content-type": "application/json"}))

    def add(self, delta: OutputDelta, *, last: bool) -> bytes:
        """The body, with the last delta; until then nothing."""
        self.grow(delta)
        if not last:
            return b""
        data = encode(self.whole(delta))
        self.start = replace(self.start, headers={**self.start.headers, "content-length": str(len(data))})
        return data


class ResponseEvents(ResponseForm):
    """The answer as server-sent events, each with its name and its number."""

    def __init__(self, request: ChatRequest, *rest: Any) -> None:
        super().__init__(request, *rest)
        self.start = ResponseStart(200, headers_of(request, EVENT_STREAM))
        self._number = 0
        self.keep_alive = self._comment()

    def add(self, delta: OutputDelta, *, last: bool) -> bytes:
        """The events of one delta."""
        events = b""
        if self._number == 0:
            begun = self.response("in_progress")
            events = self._written({"type": "response.created", "response": begun})
            events += self._written({"type": "response.in_progress", "response": begun})
        events += b"".join(map(self._written, self.grow(delta)))
        if last:
            response = self.whole(delta)
            events += self._written({"type": f"response.{response['status']}", "response": response})
        self.keep_alive = self._comment()
        return events

    def _comment(self) -> bytes:
        """What a silent stream gets, with the number of its last event: an error counts on from there."""
        return b": keep-alive %d\n\n" % (self._number - 1)

    def _written(self, event: Event) -> bytes:
        numbered = {"type": event["type"], "sequence_number": self._number, **event}
        self._number += 1
        name: str = event["type"]
        return b"event: " + name.encode() + b"\ndata: " + encode(numbered) + b"\n\n"
