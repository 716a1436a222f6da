"""TokenCountCalculator: how many tokens a prompt has, as Anthropic's count_tokens answers it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ovpipe.calculator import Calculator, Context
from ovpipe.calculators.llm.anthropic_messages import openapi
from ovpipe.calculators.llm.anthropic_messages.answers import request_id
from ovpipe.calculators.llm.anthropic_messages.errors import REQUEST_ID
from ovpipe.calculators.llm.anthropic_messages.types import TokensCount
from ovpipe.calculators.llm.packets import ChatRequest, Prompts
from ovpipe.calculators.llm.responses.shared import encode, headers_of
from ovpipe.http import ResponseBody, ResponsePart, ResponseStart
from ovpipe.ports import Input, Output
from ovpipe.registry import register


@register
class TokenCountCalculator(Calculator):
    """Answers how many tokens a prompt has.

    Inputs `request` and `prompts`, which a ChatTemplateCalculator makes of it; output `response`. Without the
    side input `engine` that node counts prompts that are too long for the model, too.

        token_count:
          calculator: TokenCountCalculator
          inputs: {request: count_request, prompts: counted_prompts}
          outputs: {response: count_response}
    """

    request = Input[ChatRequest]()
    prompts = Input[Prompts]()
    response = Output[ResponsePart](streaming=True)

    def openapi(self) -> Mapping[str, Any]:
        """See DescribesHttp: what the answer is."""
        return openapi.counts()

    def process(self, cx: Context) -> None:
        """Sends the whole answer."""
        request, prompts = cx[self.request], cx[self.prompts]
        data = encode(TokensCount(sum(len(prompt.tokens) for prompt in prompts.prompts)))
        headers = {
            "content-type": "application/json",
            "content-length": str(len(data)),
            REQUEST_ID: request_id(request),
        }
        cx.send(self.response, ResponseStart(200, headers_of(request, headers)))
        cx.send(self.response, ResponseBody(data))
