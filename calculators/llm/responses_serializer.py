"""ResponsesSerializerCalculator: what a model said becomes a Response of OpenAI's, or the events of one."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from ovpipe.calculator import Calculator, Context
from ovpipe.calculators.llm.openai_responses import openapi
from ovpipe.calculators.llm.openai_responses.answers import ResponseBodyForm, ResponseEvents
from ovpipe.calculators.llm.openai_responses.store import ResponseStore
from ovpipe.calculators.llm.packets import ChatRequest, OutputDelta, Prompts
from ovpipe.calculators.llm.responses.answer_writer import AnswerWriter
from ovpipe.calculators.llm.responses_packets import AskedResponse, FoundResponse
from ovpipe.calculators.llm.text.token_texts import TokenTexts
from ovpipe.http import ResponseBody, ResponsePart, ResponseStart
from ovpipe.ports import Input, Output, SideInput
from ovpipe.registry import register
from ovpipe.tokenizers.tokenizer import Tokenizer


@register
class ResponsesSerializerCalculator(Calculator):
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
    prompts = Input[Prompts](optional=True)
    parsed = Input[OutputDelta]()
    found = Input[FoundResponse](optional=True)
    response = Output[ResponsePart](streaming=True)
    tokenizer = SideInput[Tokenizer](optional=True)
    response_store = SideInput[ResponseStore](optional=True)
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
        found = cx.get(self.found)
        if found is not None:
            headers = {"content-type": "application/json", "content-length": str(len(found.body))}
            cx.send(self.response, ResponseStart(200, headers))
            cx.send(self.response, ResponseBody(found.body))
        request = cx.get(self.request)
        if request is not None:
            self._writer = self._begin(cx, request)
        delta = cx.get(self.parsed)
        if delta is not None:
            assert self._writer is not None, "the request comes before the first delta, or with it"
            for part in self._writer.write(delta):
                cx.send(self.response, part)

    def close(self, cx: Context) -> None:
        """Finishes what no delta has finished. An answer that was broken off is not whole, and not kept."""
        if self._writer is not None and not cx.aborted:
            for part in self._writer.finish():
                cx.send(self.response, part)

    def _begin(self, cx: Context, request: ChatRequest) -> AnswerWriter:
        prompts = cx.get(self.prompts)
        if prompts is not None and prompts.ignored:
            request = msgspec.structs.replace(request, ignored=(*request.ignored, *prompts.ignored))
        asked, store = cx[self.asked], cx.get(self.response_store)
        make = ResponseEvents if request.stream else ResponseBodyForm
        form = make(
            request,
            asked,
            () if prompts is None else prompts.prompts,
            TokenTexts(cx.get(self.tokenizer), skip_special_tokens=request.skip_special_tokens),
            lambda response: None if store is None else store.put(asked.owner, response, asked.input),
        )
        return AnswerWriter(form, request.choices, self._keep_alive, cx.get(self.clock) or time.monotonic)
