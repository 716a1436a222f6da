"""SseSerializerCalculator: what a model said becomes the response's bytes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ovpipe.calculator import Context
from ovpipe.calculators.llm.packets import ChatRequest, CompletionRequest, Prompts
from ovpipe.calculators.llm.parameters import openapi
from ovpipe.calculators.llm.responses.answer_serializer import AnswerSerializer, with_ignored
from ovpipe.calculators.llm.responses.event_stream import EventStream
from ovpipe.calculators.llm.responses.json_body import JsonBody
from ovpipe.calculators.llm.text.token_texts import TokenTexts
from ovpipe.engines.protocol import Engine
from ovpipe.ports import Input, SideInput
from ovpipe.registry import register
from ovpipe.tokenizers.tokenizer import Tokenizer


@register
class SseSerializerCalculator(AnswerSerializer):
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
    tokenizer = SideInput[Tokenizer](optional=True)
    engine = SideInput[Engine](optional=True)

    def openapi(self) -> Mapping[str, Any]:
        """See DescribesHttp: what answers are."""
        return openapi.answers()

    def process(self, cx: Context) -> None:
        """Sends what one delta adds to the response."""
        request = cx.get(self.request)
        if request is not None:
            answer = new_answer(request, cx.get(self.prompts), cx.get(self.tokenizer), cx.get(self.engine))
            self.begin(cx, request, answer)
        self.write(cx)


def new_answer(
    request: ChatRequest | CompletionRequest,
    prompts: Prompts | None,
    tokenizer: Tokenizer | None,
    engine: Engine | None,
) -> EventStream | JsonBody:
    """The answer in the form that the request wants."""
    request = with_ignored(request, prompts)
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
