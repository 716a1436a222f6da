"""SseSerializerCalculator: text becomes the response's bytes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from ovpipe.calculator import Calculator, Context
from ovpipe.calculators.llm.packets import ChatRequest, CompletionRequest, TextDelta
from ovpipe.http import ResponseBody, ResponseStart
from ovpipe.ports import Input, Output
from ovpipe.registry import register

DONE: Final = b"data: [DONE]\n\n"
IGNORED_HEADER: Final = "x-ovpipe-ignored-parameters"
EVENT_STREAM: Final[Mapping[str, str]] = {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-cache",
    "x-accel-buffering": "no",  # nginx would hold events back
}


@register
class SseSerializerCalculator(Calculator):
    """Writes OpenAI's chat completion or text completion: server-sent events, or one JSON body.

    Inputs `request` and `text`, streaming output `response`. ResponseStart comes with the first text of a
    streamed answer and with the body of any other, never before: until then an error is still a status.
    A text that ends without a finish, because a node before it said done, is finished as "stop", with the
    last counts seen.

        serializer:
          calculator: SseSerializerCalculator
          inputs: {request: chat_request, text: kept_text}
          outputs: {response: http_response}
    """

    request = Input[ChatRequest | CompletionRequest]()
    text = Input[TextDelta]()
    response = Output[ResponseStart | ResponseBody](streaming=True)

    def __init__(self) -> None:
        self._answer: EventStream | JsonBody | None = None
        self._last = TextDelta("", 0, 0)
        self._started = self._finished = False

    def process(self, cx: Context) -> None:
        """Sends what one delta adds to the response."""
        request = cx.get(self.request)
        if request is not None:
            self._answer = EventStream(request) if request.stream else JsonBody(request)
        delta = cx.get(self.text)
        if delta is not None and not self._finished:
            self._last = delta
            self._write(cx, delta)

    def close(self, cx: Context) -> None:
        """Finishes a response that no delta has finished."""
        if self._answer is not None and not self._finished:
            self._write(cx, msgspec.structs.replace(self._last, text="", finish="stop"))

    def _write(self, cx: Context, delta: TextDelta) -> None:
        answer = self._answer
        assert answer is not None, "the request comes before the first text, or with it"
        data = answer.add(delta)
        self._finished = delta.finish is not None
        if data:
            if not self._started:
                self._started = True
                cx.send(self.response, answer.start)
            cx.send(self.response, ResponseBody(data))


class EventStream:
    """A streamed answer, event by event.

    All that is the same in each chunk is encoded once; a token costs the encoding of its text.
    """

    def __init__(self, request: ChatRequest | CompletionRequest) -> None:
        chat = isinstance(request, ChatRequest)
        head = {
            "id": request.id,
            "object": "chat.completion.chunk" if chat else "text_completion",
            "created": request.created,
            "model": request.model,
        }
        open_head = msgspec.json.encode(head)[:-1]
        usage = b',"usage":null' if request.include_usage else b""
        inside = b'"delta":' if chat else b'"text":'
        self.start = ResponseStart(200, headers_of(request, EVENT_STREAM))
        self._include_usage = request.include_usage
        self._head = b"data: " + open_head
        self._before = self._head + b',"choices":[{"index":0,' + inside
        self._before_finish = b',"logprobs":null,"finish_reason":'
        self._after_finish = b"}]" + usage + b"}\n\n"
        self._no_delta = b"{}" if chat else b'""'
        self._first = self._chunk(b'{"role":"assistant","content":""}') if chat else b""
        self._before_text = self._before + (b'{"content":' if chat else b"")
        self._after_text = (b"}" if chat else b"") + self._before_finish + b"null" + self._after_finish

    def add(self, delta: TextDelta) -> bytes:
        """The events of one delta; empty when it brings nothing that a client could see."""
        events, self._first = self._first, b""
        if delta.text:
            events += self._before_text + encode(delta.text) + self._after_text
        if delta.finish is not None:
            events += self._chunk(self._no_delta, encode(delta.finish))
            if self._include_usage:
                events += self._head + b',"choices":[],"usage":' + encode(usage_of(delta)) + b"}\n\n"
            events += DONE
        return events

    def _chunk(self, inside: bytes, finish: bytes = b"null") -> bytes:
        return self._before + inside + self._before_finish + finish + self._after_finish


class JsonBody:
    """An answer in one piece."""

    def __init__(self, request: ChatRequest | CompletionRequest) -> None:
        self.start = ResponseStart(200, headers_of(request, {"content-type": "application/json"}))
        self._request = request
        self._texts: list[str] = []

    def add(self, delta: TextDelta) -> bytes:
        """The body, with the delta that finishes; until then nothing."""
        self._texts.append(delta.text)
        if delta.finish is None:
            return b""
        text = "".join(self._texts)
        chat = isinstance(self._request, ChatRequest)
        choice: dict[str, Any] = {"index": 0}
        if chat:
            choice["message"] = {"role": "assistant", "content": text, "refusal": None}
        else:
            choice["text"] = text
        choice |= {"logprobs": None, "finish_reason": delta.finish}
        return encode(
            {
                "id": self._request.id,
                "object": "chat.completion" if chat else "text_completion",
                "created": self._request.created,
                "model": self._request.model,
                "choices": [choice],
                "usage": usage_of(delta),
            }
        )


encode: Final = msgspec.json.Encoder().encode


def headers_of(request: ChatRequest | CompletionRequest, headers: Mapping[str, str]) -> dict[str, str]:
    """The response's headers, with the parameters that had no effect."""
    ignored = {IGNORED_HEADER: ", ".join(request.ignored)} if request.ignored else {}
    return {**headers, **ignored}


def usage_of(delta: TextDelta) -> dict[str, int]:
    """The counts as of the last delta."""
    return {
        "prompt_tokens": delta.prompt_tokens,
        "completion_tokens": delta.completion_tokens,
        "total_tokens": delta.prompt_tokens + delta.completion_tokens,
    }
