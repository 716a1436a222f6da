"""ResponsesSerializerCalculator: what a model said becomes a Response of OpenAI's, or the events of one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ovpipe.calculator import Context
from ovpipe.calculators.llm.openai_responses import openapi
from ovpipe.calculators.llm.openai_responses.answers import ResponseBodyForm, ResponseEvents
from ovpipe.calculators.llm.openai_responses.store import ResponseStore
from ovpipe.calculators.llm.packets import ChatRequest
from ovpipe.calculators.llm.responses.answer_serializer import AnswerSerializer, with_ignored
from ovpipe.calculators.llm.responses_packets import AskedResponse, FoundResponse
from ovpipe.calculators.llm.text.token_texts import TokenTexts
from ovpipe.http import ResponseBody, ResponseStart
from ovpipe.ports import Input, SideInput
from ovpipe.registry import register
from ovpipe.tokenizers.tokenizer import Tokenizer


@register
class ResponsesSerializerCalculator(AnswerSerializer):
    """Writes OpenAI's Response, in one piece or as its server-sent events.

    Inputs `request` and `asked` of ResponsesParserCalculator, `parsed` and `prompts` (optional: they say what
    the prompt had no place for); streaming output `response`. Side input `tokenizer` (optional: the texts of
    tokens, for logprobs), `response_store` (optional: keeps answers whose requests want that). Input `found`
    (optional) is an answer that ResponsesLookupCalculator has made. ResponseStart comes with the first bytes:
    until then an error is still a status.
    `keep_alive_seconds` and the side input `clock` are those of SseSerializerCalculator.

        serializer:
          calculator: ResponsesSerializerCalculator
          side_inputs: {tokenizer: tokenizer, response_store: response_store}
          inputs: {request: chat_request, asked: asked, prompts: prompts, parsed: kept, found: found}
          outputs: {response: http_response}
    """

    request = Input[ChatRequest]()
    asked = Input[AskedResponse]()
    found = Input[FoundResponse](optional=True)
    tokenizer = SideInput[Tokenizer](optional=True)
    response_store = SideInput[ResponseStore](optional=True)

    def openapi(self) -> Mapping[str, Any]:
        """See DescribesHttp: what answers are."""
        return openapi.answers()

    def process(self, cx: Context) -> None:
        """Sends what one delta adds to the response."""
        found = cx.get(self.found)
        if found is not None:
            headers = {"content-type": "application/json", "content-length": str(len(found.body))}
            cx.send(self.response, ResponseStart(200, headers))
            cx.send(self.response, ResponseBody(found.body))
        request = cx.get(self.request)
        if request is not None:
            self._begin(cx, request)
        self.write(cx)

    def _begin(self, cx: Context, request: ChatRequest) -> None:
        prompts = cx.get(self.prompts)
        asked, store = cx[self.asked], cx.get(self.response_store)
        make = ResponseEvents if request.stream else ResponseBodyForm
        form = make(
            with_ignored(request, prompts),
            asked,
            () if prompts is None else prompts.prompts,
            TokenTexts(cx.get(self.tokenizer), skip_special_tokens=request.skip_special_tokens),
            lambda response: None if store is None else store.put(asked.owner, response, asked.input),
        )
        self.begin(cx, request, form)
