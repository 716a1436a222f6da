"""SseSerializerCalculator: what a model said becomes the response's bytes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from ovpipe.calculator import Calculator, Context
from ovpipe.calculators.llm import openapi
from ovpipe.calculators.llm.event_stream import EventStream
from ovpipe.calculators.llm.json_body import JsonBody
from ovpipe.calculators.llm.packets import ChatRequest, CompletionRequest, OutputDelta, Prompts
from ovpipe.calculators.llm.token_texts import TokenTexts
from ovpipe.engines.protocol import Engine
from ovpipe.engines.tokenizer import Tokenizer
from ovpipe.http import ResponseBody, ResponseStart
from ovpipe.ports import Input, Output, SideInput
from ovpipe.registry import register


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
          inputs: {request: chat_request, prompts: prompts, parsed: parsed}
          outputs: {response: http_response}
    """

    request = Input[ChatRequest | CompletionRequest]()
    prompts = Input[Prompts](optional=True)
    parsed = Input[OutputDelta]()
    response = Output[ResponseStart | ResponseBody](streaming=True)
    tokenizer = SideInput[Tokenizer](optional=True)
    engine = SideInput[Engine](optional=True)

    def __init__(self) -> None:
        self._request: ChatRequest | CompletionRequest | None = None
        self._answer: EventStream | JsonBody | None = None
        self._unfinished: dict[tuple[int, int], OutputDelta] = {}
        """By prompt and choice: the last delta of each that has yet to finish."""
        self._prompts: Prompts | None = None
        self._started = False

    def openapi(self) -> Mapping[str, Any]:
        """See DescribesHttp: what answers are."""
        return openapi.answers()

    def process(self, cx: Context) -> None:
        """Sends what one delta adds to the response."""
        request = cx.get(self.request)
        if request is not None:
            self._request = request
            self._prompts = cx.get(self.prompts)
            tokenizer, engine = cx.get(self.tokenizer), cx.get(self.engine)
            texts = TokenTexts(tokenizer, as_ids=request.return_tokens_as_token_ids)
            prompts = () if self._prompts is None else self._prompts.prompts
            fingerprint = None if engine is None else engine.info.fingerprint
            make = EventStream if request.stream else JsonBody
            self._answer = make(request, prompts, texts, fingerprint)
            self._unfinished = dict.fromkeys(keys_of(request), OutputDelta((), 0, 0))
        delta = cx.get(self.parsed)
        if delta is not None:
            self._write(cx, delta)

    def close(self, cx: Context) -> None:
        """Finishes what no delta has finished."""
        for (prompt, choice), last in list(self._unfinished.items()):
            end = msgspec.structs.replace(
                last, parts=(), tokens=(), logprobs=(), finish="stop", prompt=prompt, choice=choice
            )
            self._write(cx, end)

    def _write(self, cx: Context, delta: OutputDelta) -> None:
        answer, key = self._answer, (delta.prompt, delta.choice)
        assert answer is not None, "the request comes before the first delta, or with it"
        if key not in self._unfinished:
            return
        if delta.finish is None:
            self._unfinished[key] = delta
        else:
            del self._unfinished[key]
        data = answer.add(delta, last=not self._unfinished)
        if data:
            if not self._started:
                self._started = True
                cx.send(self.response, answer.start)
            cx.send(self.response, ResponseBody(data))


def keys_of(request: ChatRequest | CompletionRequest) -> list[tuple[int, int]]:
    """Prompt and choice of everything the answer is to have."""
    prompts = 1 if isinstance(request, ChatRequest) else len(request.prompts)
    return [(prompt, choice) for prompt in range(prompts) for choice in range(request.n)]
