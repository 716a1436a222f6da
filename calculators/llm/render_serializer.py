"""RenderSerializerCalculator: what the engine would be asked becomes the response's bytes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

import msgspec

from ovpipe.calculator import Calculator, Context
from ovpipe.calculators.llm.generation.sampling import max_tokens_of, sampling_of
from ovpipe.calculators.llm.generation.token_limits import bad_words_of
from ovpipe.calculators.llm.packets import ChatRequest, CompletionRequest, Prompt, Prompts
from ovpipe.calculators.llm.responses.shared import encode, ignored_header
from ovpipe.calculators.llm.token_routes import openapi
from ovpipe.calculators.llm.token_routes.answers import (
    RenderedRequest,
    RenderedSamplingParams,
    RenderedStreamOptions,
)
from ovpipe.calculators.llm.token_routes.texts import decoded
from ovpipe.calculators.llm.workers import Workers, run_long
from ovpipe.engines.protocol import Engine, EngineInfo
from ovpipe.http import ResponseBody, ResponseStart
from ovpipe.ports import Input, Output, SideInput
from ovpipe.registry import register
from ovpipe.tokenizers.tokenizer import Tokenizer

MOST_AT_ONCE: Final = 2_000
"""Tokens of prompts that are turned into text on the event loop; it takes under a millisecond."""
SHOWN_AS_ASKED: Final = (
    *("n", "best_of", "stop", "include_stop_str_in_output"),
    *("detokenize", "skip_special_tokens", "spaces_between_special_tokens"),
)
"""What the engine does not see of a request, and vLLM has among its sampling parameters."""


@register
class RenderSerializerCalculator(Calculator):
    """Writes what a chat or a completion would have the engine generate, as vLLM's GenerateRequest.

    Inputs `request` and `prompts`, output `response`; side inputs `engine`, which is asked for its limits and
    not for a token, `tokenizer` and `workers` (optional; without it long prompts are written in asyncio's
    threads). A chat is answered with an object, completions with a list of them, one for each prompt. What
    the engine would refuse is refused here, by the same function.

        serializer:
          calculator: RenderSerializerCalculator
          side_inputs: {tokenizer: tokenizer, engine: engine, workers: workers}
          inputs: {request: guided_request, prompts: prompts}
          outputs: {response: http_response}
    """

    request = Input[ChatRequest | CompletionRequest]()
    prompts = Input[Prompts]()
    response = Output[ResponseStart | ResponseBody](streaming=True)
    tokenizer = SideInput[Tokenizer]()
    engine = SideInput[Engine]()
    workers = SideInput[Workers](optional=True)

    def openapi(self) -> Mapping[str, Any]:
        """See DescribesHttp: what answers are."""
        return openapi.rendered()

    async def process(self, cx: Context) -> None:
        """Sends the one answer."""
        request, prompts, tokenizer = cx[self.request], cx[self.prompts], cx[self.tokenizer]
        bad_words = await bad_words_of(request, tokenizer)
        ignored = (*request.ignored, *prompts.ignored)
        request = msgspec.structs.replace(request, ignored=ignored)
        write = partial(body_of, request, prompts.prompts, tokenizer, cx[self.engine].info, bad_words)
        size = sum(len(prompt.tokens) for prompt in prompts.prompts)
        body = write() if size <= MOST_AT_ONCE else await run_long(cx.get(self.workers), write)
        headers = {"content-type": "application/json", "content-length": str(len(body))}
        cx.send(self.response, ResponseStart(200, headers | ignored_header(ignored)))
        cx.send(self.response, ResponseBody(body))


def body_of(
    request: ChatRequest | CompletionRequest,
    prompts: tuple[Prompt, ...],
    tokenizer: Tokenizer,
    info: EngineInfo,
    bad_words: tuple[tuple[int, ...], ...],
) -> bytes:
    """The answer's body; raises RequestError 400 for what the engine cannot hold."""
    found = [rendered(request, prompt, tokenizer, info, bad_words) for prompt in prompts]
    return encode(found[0] if isinstance(request, ChatRequest) else found)


def rendered(
    request: ChatRequest | CompletionRequest,
    prompt: Prompt,
    tokenizer: Tokenizer,
    info: EngineInfo,
    bad_words: tuple[tuple[int, ...], ...],
) -> RenderedRequest:
    """What the engine would be asked for the first choice of a prompt."""
    sampling = msgspec.structs.asdict(sampling_of(request, prompt, info, bad_words=bad_words))
    sampling["max_tokens"] = max_tokens_of(request, len(prompt.tokens), info)  # 0 is an engine's 1
    sampling |= {name: getattr(request, name) for name in SHOWN_AS_ASKED}
    options = None
    if request.stream:
        options = RenderedStreamOptions(request.include_usage, request.continuous_usage_stats)
    return RenderedRequest(
        request_id=request.id,
        model=request.model,
        prompt_text=decoded(prompt.tokens, tokenizer),
        token_ids=prompt.tokens,
        sampling_params=RenderedSamplingParams(**sampling),
        stream=request.stream,
        stream_options=options,
        priority=request.priority,
        ignored_parameters=request.ignored,
    )
