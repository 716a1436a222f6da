"""TokenizeSerializerCalculator: tokens, or the text of some, become the response's bytes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

import msgspec

from ovpipe.calculator import Calculator, Context
from ovpipe.calculators.llm.packets import Prompts
from ovpipe.calculators.llm.parameters.context_room import ContextRoom
from ovpipe.calculators.llm.responses.shared import encode, ignored_header
from ovpipe.calculators.llm.templates.prompt_making import check_tokens
from ovpipe.calculators.llm.token_routes import openapi
from ovpipe.calculators.llm.token_routes.answers import DetokenizeResponse, TokenizeResponse
from ovpipe.calculators.llm.token_routes.requests import (
    DetokenizeRequest,
    TokenizeChatRequest,
    TokenizeCompletionRequest,
)
from ovpipe.calculators.llm.token_routes.table import PATHS
from ovpipe.calculators.llm.token_routes.texts import decoded
from ovpipe.calculators.llm.workers import Workers, run_long
from ovpipe.engines.protocol import Engine
from ovpipe.http import ResponseBody, ResponseStart
from ovpipe.ports import Input, Output, SideInput
from ovpipe.registry import register
from ovpipe.tokenizers.tokenizer import Tokenizer

MOST_AT_ONCE: Final = 2_000
"""Tokens that are turned into text, or JSON, on the event loop; it takes under a millisecond."""


@register
class TokenizeSerializerCalculator(Calculator):
    """Writes vLLM's answers of /tokenize and /detokenize.

    Inputs `request` with its `prompts`, or `detokenize`; output `response`. Side input `tokenizer`. The side
    input `engine` (optional) says how many tokens a prompt and its completion may have, as a chat would be
    refused by it; without it that is what the model was made for, by its config.json. Long work is done by
    `workers` (optional; without it, in asyncio's threads). Raises RequestError 400 for an id that is no token
    of the model's.

        serializer:
          calculator: TokenizeSerializerCalculator
          side_inputs: {tokenizer: tokenizer, engine: engine, workers: workers}
          inputs: {request: tokenize_request, prompts: prompts, detokenize: detokenize_request}
          outputs: {response: http_response}
    """

    request = Input[TokenizeChatRequest | TokenizeCompletionRequest](optional=True)
    prompts = Input[Prompts](optional=True)
    detokenize = Input[DetokenizeRequest](optional=True)
    response = Output[ResponseStart | ResponseBody](streaming=True)
    tokenizer = SideInput[Tokenizer]()
    engine = SideInput[Engine](optional=True)
    workers = SideInput[Workers](optional=True)

    def openapi(self) -> Mapping[str, Any]:
        """See DescribesHttp: what answers are."""
        return openapi.answers(PATHS)

    async def process(self, cx: Context) -> None:
        """Sends the one answer."""
        tokenizer = cx[self.tokenizer]
        detokenize, named = cx.get(self.detokenize), False
        write: Callable[[], bytes]
        if detokenize is not None:
            size, ignored = len(detokenize.tokens), detokenize.ignored
            write = partial(text_of, detokenize.tokens, tokenizer)
        else:
            request, prompts = cx[self.request], cx[self.prompts]
            (prompt,) = prompts.prompts
            size, ignored = len(prompt.tokens), (*request.ignored, *prompts.ignored)
            engine = cx.get(self.engine)
            longest = tokenizer.context_length if engine is None else ContextRoom.of(engine.info).tokens
            named = request.return_token_strs
            write = partial(tokens_of, prompt.tokens, tokenizer, longest, named=named)
        # The first names take a while, since the whole vocabulary gets one.
        here = size <= MOST_AT_ONCE and not named
        body = write() if here else await run_long(cx.get(self.workers), write)
        headers = {"content-type": "application/json", "content-length": str(len(body))}
        cx.send(self.response, ResponseStart(200, headers | ignored_header(ignored)))
        cx.send(self.response, ResponseBody(body))


def tokens_of(
    tokens: tuple[int, ...], tokenizer: Tokenizer, max_model_len: int | None, *, named: bool
) -> bytes:
    """The body of an answer that shows tokens."""
    names = tuple(tokenizer.names_of(tokens)) if named else msgspec.UNSET
    return encode(
        TokenizeResponse(count=len(tokens), max_model_len=max_model_len, tokens=tokens, token_strs=names)
    )


def text_of(tokens: Sequence[int], tokenizer: Tokenizer) -> bytes:
    """The body of an answer that shows a text; raises RequestError 400."""
    check_tokens(tokens, "tokens", tokenizer.vocab_size)
    return encode(DetokenizeResponse(decoded(tokens, tokenizer)))
