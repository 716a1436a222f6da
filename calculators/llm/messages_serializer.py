"""MessagesSerializerCalculator: what a model said becomes the bytes of Anthropic's Message."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from ovpipe.calculator import Calculator, Context
from ovpipe.calculators.llm.anthropic_messages import openapi
from ovpipe.calculators.llm.anthropic_messages.answers import MessageBody, MessageStream
from ovpipe.calculators.llm.packets import ChatRequest, CompletionRequest, OutputDelta, Prompts
from ovpipe.calculators.llm.responses.answer_writer import AnswerWriter
from ovpipe.http import ResponsePart
from ovpipe.ports import Input, Output, SideInput
from ovpipe.registry import register


@register
class MessagesSerializerCalculator(Calculator):
    """Writes Anthropic's Message: server-sent events, or one JSON body.

    Inputs `request`, `parsed` and `prompts` (optional), streaming output `response`. When the ResponseStart
    comes, how a choice without a finish ends and what `keep_alive_seconds` does is as of
    SseSerializerCalculator; what a silent stream gets is a ping. Side input `clock` (optional) gives seconds.

        serializer:
          calculator: MessagesSerializerCalculator
          inputs: {request: guided_request, prompts: prompts, parsed: kept}
          outputs: {response: http_response}
          options: {keep_alive_seconds: 5}
    """

    request = Input[ChatRequest | CompletionRequest]()
    prompts = Input[Prompts](optional=True)
    parsed = Input[OutputDelta]()
    response = Output[ResponsePart](streaming=True)
    clock = SideInput[Callable[[], float]](optional=True)

    def __init__(self, *, keep_alive_seconds: float = 5.0) -> None:
        if not 0 <= keep_alive_seconds < float("inf"):
            raise ValueError(
                f"keep_alive_seconds is {keep_alive_seconds}; it must be 0 (off) or above, and finite"
            )
        self._keep_alive = keep_alive_seconds
        self._writer: AnswerWriter | None = None

    def openapi(self) -> Mapping[str, Any]:
        """See DescribesHttp: what answers are."""
        return openapi.answers()

    def process(self, cx: Context) -> None:
        """Sends what one delta adds to the response."""
        request = cx.get(self.request)
        if request is not None:
            assert isinstance(request, ChatRequest), "the Messages API has no completions"
            self.close(cx)  # what is left of a request before it in this run
            prompts = cx.get(self.prompts)
            if prompts is not None and prompts.ignored:
                request = msgspec.structs.replace(request, ignored=(*request.ignored, *prompts.ignored))
            answer = (MessageStream if request.stream else MessageBody)(request, prompts)
            clock = cx.get(self.clock) or time.monotonic
            self._writer = AnswerWriter(answer, request.choices, self._keep_alive, clock)
        delta = cx.get(self.parsed)
        if delta is not None:
            assert self._writer is not None, "the request comes before the first delta, or with it"
            for part in self._writer.write(delta):
                cx.send(self.response, part)

    def close(self, cx: Context) -> None:
        """Finishes what no delta has finished."""
        if self._writer is not None:
            for part in self._writer.finish():
                cx.send(self.response, part)
