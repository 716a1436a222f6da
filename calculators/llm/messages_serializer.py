"""MessagesSerializerCalculator: what a model said becomes the bytes of Anthropic's Message."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ovpipe.calculator import Context
from ovpipe.calculators.llm.anthropic_messages import openapi
from ovpipe.calculators.llm.anthropic_messages.answers import MessageBody, MessageStream
from ovpipe.calculators.llm.packets import ChatRequest, CompletionRequest
from ovpipe.calculators.llm.responses.answer_serializer import AnswerSerializer, with_ignored
from ovpipe.ports import Input
from ovpipe.registry import register


@register
class MessagesSerializerCalculator(AnswerSerializer):
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

    def openapi(self) -> Mapping[str, Any]:
        """See DescribesHttp: what answers are."""
        return openapi.answers()

    def process(self, cx: Context) -> None:
        """Sends what one delta adds to the response."""
        request = cx.get(self.request)
        if request is not None:
            assert isinstance(request, ChatRequest), "the Messages API has no completions"
            prompts = cx.get(self.prompts)
            make = MessageStream if request.stream else MessageBody
            self.begin(cx, request, make(with_ignored(request, prompts), prompts))
        self.write(cx)
