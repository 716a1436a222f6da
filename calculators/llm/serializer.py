"""SseSerializerCalculator: what a model said becomes the response's bytes."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from ovpipe.calculator import Calculator, Context
from ovpipe.calculators.llm.packets import ChatRequest, CompletionRequest, OutputDelta, Prompts
from ovpipe.calculators.llm.parameters import openapi
from ovpipe.calculators.llm.responses.event_stream import KEEP_ALIVE, EventStream
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
    finish, because a node before it said done, is finished as "stop", with the last counts seen. A second
    request in one run, as in an agent's loop, has an answer of its own, from its ResponseStart on; the front
    door writes one answer, so in a graph that is served a node below takes the others.

    A stream that has said nothing for `keep_alive_seconds` gets a comment, which clients pass over, whenever
    a delta comes that brings it nothing; 0 turns that off. So a long prompt does not look like a dead server.
    While a request queues no delta comes, so what ends it there is still a status. The side input `clock`
    (optional) gives seconds, as time.monotonic does, which stands in when it is not wired.

        serializer:
          calculator: SseSerializerCalculator
          side_inputs: {tokenizer: tokenizer, engine: engine}
          inputs: {request: guided_request, prompts: prompts, parsed: kept}
          outputs: {response: http_response}
          options: {keep_alive_seconds: 5}
    """

    request = Input[ChatRequest | CompletionRequest]()
    prompts = Input[Prompts](optional=True)
    parsed = Input[OutputDelta]()
    response = Output[ResponseStart | ResponseBody](streaming=True)
    tokenizer = SideInput[Tokenizer](optional=True)
    engine = SideInput[Engine](optional=True)
    clock = SideInput[Callable[[], float]](optional=True)

    def __init__(self, *, keep_alive_seconds: float = 5.0) -> None:
        if not 0 <= keep_alive_seconds < float("inf"):
            raise ValueError(
                f"keep_alive_seconds is {keep_alive_seconds}; it must be 0 (off) or above, and finite"
            )
        self._keep_alive = keep_alive_seconds
        self._clock: Callable[[], float] = time.monotonic
        self._wrote = 0.0
        """When something was last written, or the request came."""
        self._answer: EventStream | JsonBody | None = None
        self._unfinished: set[tuple[int, int]] = set()
        """Prompt and choice of each text that has yet to finish."""
        self._started = False

    def openapi(self) -> Mapping[str, Any]:
        """See DescribesHttp: what answers are."""
        return openapi.answers()

    def open(self, cx: Context) -> None:
        """Takes the clock."""
        self._clock = cx.get(self.clock) or time.monotonic
        self._wrote = self._clock()

    def process(self, cx: Context) -> None:
        """Sends what one delta adds to the response."""
        request = cx.get(self.request)
        if request is not None:
            self.close(cx)  # what is left of a request before it in this run
            self._started = False
            self._wrote = self._clock()
            self._answer = new_answer(
                request, cx.get(self.prompts), cx.get(self.tokenizer), cx.get(self.engine)
            )
            self._unfinished = set(request.choices)
        delta = cx.get(self.parsed)
        if delta is not None:
            self._write(cx, delta)

    def close(self, cx: Context) -> None:
        """Finishes what no delta has finished."""
        for key in sorted(self._unfinished):
            assert self._answer is not None
            last = self._answer.counts.last_of(key)
            end = msgspec.structs.replace(last, parts=(), tokens=(), finish="stop", prompt_logprobs=())
            self._write(cx, end)

    def _write(self, cx: Context, delta: OutputDelta) -> None:
        answer, unfinished, key = self._answer, self._unfinished, (delta.prompt, delta.choice)
        assert answer is not None, "the request comes before the first delta, or with it"
        if key not in unfinished:
            return
        if delta.finish is not None:
            unfinished.remove(key)
        data = b"" if is_reading(delta) else answer.add(delta, last=not unfinished)
        if data or self._is_silent(answer):
            if not self._started:
                self._started = True
                cx.send(self.response, answer.start)
            cx.send(self.response, ResponseBody(data or KEEP_ALIVE))
            self._wrote = self._clock()

    def _is_silent(self, answer: EventStream | JsonBody) -> bool:
        """Whether it is time for a comment, in a stream."""
        if not self._keep_alive or not isinstance(answer, EventStream):
            return False
        return self._clock() - self._wrote >= self._keep_alive


def is_reading(delta: OutputDelta) -> bool:
    """Whether all that it says is that the engine is at work: an answer does not begin with it."""
    brings = delta.completion_tokens or delta.parts or delta.prompt_logprobs
    return not brings and delta.finish is None


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
