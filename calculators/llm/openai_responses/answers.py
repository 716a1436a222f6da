"""Answers of /responses: one Response, or the stream of events that comes to the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from ovpipe.calculators.llm.openai_responses.errors import failure_of
from ovpipe.calculators.llm.openai_responses.growing_output import Event, GrowingOutput
from ovpipe.calculators.llm.packets import ChatRequest, OutputDelta, Prompt
from ovpipe.calculators.llm.responses.event_stream import EVENT_STREAM, KEEP_ALIVE
from ovpipe.calculators.llm.responses.shared import TokenCounts, encode, headers_of
from ovpipe.calculators.llm.responses_packets import AskedResponse
from ovpipe.calculators.llm.text.token_texts import TokenTexts
from ovpipe.errors import RequestError
from ovpipe.http import ResponseStart

Keep = Callable[[Mapping[str, Any]], None]
"""Takes a Response that has ended."""
FIELDS: Final = (
    "id", "object", "created_at", "status", "background", "error", "incomplete_details", "instructions",
    "max_output_tokens", "max_tool_calls", "model", "output", "parallel_tool_calls", "previous_response_id",
    "prompt_cache_key", "reasoning", "safety_identifier", "service_tier", "store", "temperature", "text",
    "tool_choice", "tools", "top_logprobs", "top_p", "truncation", "usage", "user", "metadata",
)  # fmt: skip
"""Of a Response, in OpenAI's order."""


class ResponseForm:
    """What both forms of an answer have in common: the Response as it grows. `keep` takes it at its end."""

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

    def response(self, status: str, error: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The Response as it is now."""
        cut = status == "incomplete"
        counted = status in ("completed", "incomplete")
        known: dict[str, Any] = {
            **self._asked.shown,
            "id": self._asked.id,
            "object": "response",
            "created_at": self._request.created,
            "status": status,
            "background": False,
            "error": error,
            "incomplete_details": {"reason": "max_output_tokens"} if cut else None,
            "output": [*self.output.items],
            "usage": self.usage() if counted else None,
        }
        return {name: known[name] for name in FIELDS}

    def whole(self, delta: OutputDelta) -> dict[str, Any]:
        """The Response after the last delta, kept if its client wants that."""
        return self.kept(self.response("incomplete" if delta.finish == "length" else "completed"))

    def kept(self, response: dict[str, Any]) -> dict[str, Any]:
        """A Response that has ended, kept if its client wants that."""
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

    keep_alive = KEEP_ALIVE

    def __init__(self, request: ChatRequest, *rest: Any) -> None:
        super().__init__(request, *rest)
        self._headers = headers_of(request, EVENT_STREAM)
        self._number = 0
        """Of the next event; events count when all of a delta are there to be sent."""
        self._whole = False

    @property
    def start(self) -> ResponseStart:
        """Made when it is read: kept here it would hold this form, which holds it."""
        return ResponseStart(200, self._headers, self.failed)

    def add(self, delta: OutputDelta, *, last: bool) -> bytes:
        """The events of one delta."""
        events = [*self._begun(), *self.grow(delta)]
        if last:
            events.append(_event_of(self.whole(delta)))
        written = self._written(events)
        self._whole = last
        return written

    def failed(self, error: RequestError) -> bytes:
        """The last event of an answer that fails: the Response as it stands. A whole one has had its own."""
        if self._whole:
            return b""
        events = self._begun()
        self.output.cut()
        return self._written([*events, _event_of(self.kept(self.response("failed", failure_of(error))))])

    def _begun(self) -> list[Event]:
        """The first events, unless they are written."""
        if self._number:
            return []
        begun = self.response("in_progress")
        return [{"type": f"response.{name}", "response": begun} for name in ("created", "in_progress")]

    def _written(self, events: Sequence[Event]) -> bytes:
        lines = [
            b"event: %b\ndata: %b\n\n"
            % (event["type"].encode(), encode({"type": event["type"], "sequence_number": number, **event}))
            for number, event in enumerate(events, self._number)
        ]
        self._number += len(lines)
        return b"".join(lines)


def _event_of(response: dict[str, Any]) -> Event:
    """The event that ends a stream."""
    return {"type": f"response.{response['status']}", "response": response}
