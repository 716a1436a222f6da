"""SseSerializerCalculator: what a model said becomes the response's bytes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from ovpipe.calculator import Calculator, Context
from ovpipe.calculators.llm.packets import ChatRequest, CompletionRequest, OutputDelta, Prompts
from ovpipe.calculators.llm.parameters import openapi
from ovpipe.calculators.llm.responses.event_stream import EventStream
from ovpipe.calculators.llm.responses.json_body import JsonBody
from ovpipe.calculators.llm.text.token_texts import TokenTexts
from ovpipe.engines.protocol import Engine
from ovpipe.http import ResponseBody, ResponseStart
from ovpipe.ports import Input, Output, SideInput
from ovpipe.registry import register
from ovpipe.tokenizers.tokenizer import Tokenizer


@register
class SseSerializerCalculator(Calculator):
    """Writes OpenAI's chat completion or text completion: server-sent events, or one JSON body.

    Inputs `request`, `parsed` and `prompts` (optional: their token ids, for return_token_ids), streaming
    output `response`. Side inputs `tokenizer` (optional: the texts of tokens, for logprobs) and `engine`
    (optional: system_fingerprint). ResponseStart comes with the first delta of a streamed answer and with the
    body of any other, never before: until then an error is still a status. A choice that ends without a
    finish, because a node before it said done, is finished as "stop", with the last counts seen.

        serializer:
          calculator: SseSerializerCalculator
          side_inputs: {tokenizer: tokenizer, engine: engine}
          inputs: {request: chat_request, prompts: prompts, parsed: kept}
          outputs: {response: http_response}
    """

    request = Input[ChatRequest | CompletionRequest]()
    prompts = Input[Prompts](optional=True)
    parsed = Input[OutputDelta]()
    response = Output[ResponseStart | ResponseBody](streaming=True)
    tokenizer = SideInput[Tokenizer](optional=True)
    engine = SideInput[Engine](optional=True)

    def __init__(self) -> None:
        self._answer: EventStream | JsonBody | None = None
        self._unfinished: set[tuple[int, int]] = set()
        """Prompt and choice of each text that has yet to finish."""
        self._started = False

    def openapi(self) -> Mapping[str, Any]:
        """See DescribesHttp: what answers are."""
        return openapi.answers()

    def process(self, cx: Context) -> None:
        """Sends what one delta adds to the response."""
        request = cx.get(self.request)
        if request is not None:
            self._answer = new_answer(
                request, cx.get(self.prompts), cx.get(self.tokenizer), cx.get(self.engine)
            )
            self._unfinished.update(request.choices)
        delta = cx.get(self.parsed)
        if delta is not None:
            self._write(cx, delta)

    def close(self, cx: Context) -> None:
        """Finishes what no delta has finished."""
        for key in sorted(self._unfinished):
            assert self._answer is not None
            last = self._answer.counts.last_of(key)
            end = msgspec.structs.replace(last, parts=(), tokens=(), finish="stop")
            self._write(cx, end)

    def _write(self, cx: Context, delta: OutputDelta) -> None:
        answer, unfinished, key = self._answer, self._unfinished, (delta.prompt, delta.choice)
        assert answer is not None, "the request comes before the first delta, or with it"
        if key not in unfinished:
            return
        if delta.finish is not None:
            unfinished.remove(key)
        data = answer.add(delta, last=not unfinished)
        if data:
            if not self._started:
                self._started = True
                cx.send(self.response, answer.start)
            cx.send(self.response, ResponseBody(data))


def new_answer(
    request: ChatRequest | CompletionRequest,
    prompts: Prompts | None,
    tokenizer: Tokenizer | None,
    engine: Engine | None,
) -> EventStream | JsonBody:
    """The answer in the form that the request wants."""
    if prompts is not None and prompts.ignored:
        request = msgspec.structs.replace(request, ignored=(*request.ignored, *prompts.ignored))
    texts = TokenTexts(
        tokenizer,
        as_ids=request.return_tokens_as_token_ids,
        skip_special_tokens=request.skip_special_tokens,
    )
    make = EventStream if request.stream else JsonBody
    return make(
        request,
        () if prompts is None else prompts.prompts,
        texts,
        None if engine is None else engine.info.fingerprint,
    )
