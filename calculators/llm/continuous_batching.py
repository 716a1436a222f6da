"""ContinuousBatchingCalculator: a prompt becomes tokens, in one batch with all other requests."""

from __future__ import annotations

from typing import Final

from ovpipe.calculator import Calculator, Context
from ovpipe.calculators.llm.packets import ChatRequest, CompletionRequest, Prompt, TokenDelta
from ovpipe.engines.protocol import (
    Engine,
    EngineDied,
    EngineInfo,
    EngineUnavailable,
    RequestRefused,
    SamplingParams,
)
from ovpipe.errors import RequestError
from ovpipe.ports import Input, Output, SideInput
from ovpipe.registry import register

LEAST: Final = 1e-6
"""Engines compute with 32-bit floats, where a smaller top_p or penalty may be 0 and then divides by it."""


@register
class ContinuousBatchingCalculator(Calculator):
    """Generates: one delta for each step of the engine, as it comes.

    Inputs `request` and `prompt`, streaming output `deltas`, side input `engine`. Checks first that prompt
    and max_tokens fit the model's context and the KV cache: an engine must never see what it cannot hold.
    Raises RequestError: 400 when they do not fit (context_length_exceeded) or the engine refuses the
    request, 503 when the engine is not there (with retry_after) or dies.

    The engine forgets the request when nobody reads `deltas` any more, and when the run is cancelled.
    Stop strings are not the engine's: it would hold tokens back for them. StopStringsCalculator finds them.

        continuous_batching:
          calculator: ContinuousBatchingCalculator
          side_inputs: {engine: engine}
          inputs: {request: chat_request, prompt: prompt}
          outputs: {deltas: deltas}
    """

    request = Input[ChatRequest | CompletionRequest]()
    prompt = Input[Prompt]()
    deltas = Output[TokenDelta](streaming=True)
    engine = SideInput[Engine]()

    async def process(self, cx: Context) -> None:
        """Sends deltas until the engine has finished or nobody reads them."""
        tokens = cx[self.prompt].tokens
        engine = cx[self.engine]
        sampling = sampling_of(cx[self.request], len(tokens), engine.info)
        try:
            async with engine.generate(tokens, sampling) as generation:
                async for delta in generation:
                    cx.send(
                        self.deltas,
                        TokenDelta(tuple(delta.tokens), delta.generated, len(tokens), delta.finish),
                    )
                    await cx.drain()
        except EngineUnavailable as error:
            raise RequestError(
                503,
                "The model's engine is not available at the moment; try again later.",
                code="engine_unavailable",
                retry_after=error.retry_after,
            ) from error
        except EngineDied as error:
            raise RequestError(
                503,
                "The model's engine died while it served this request; it is being started again.",
                code="engine_died",
            ) from error
        except RequestRefused as error:
            raise RequestError(
                400, f"The model's engine refuses this request: {error}", code="request_refused"
            ) from error


def sampling_of(
    request: ChatRequest | CompletionRequest, prompt_tokens: int, info: EngineInfo
) -> SamplingParams:
    """The engine's parameters; raises RequestError 400 when the request does not fit."""
    return SamplingParams(
        max_tokens=max_tokens_of(request, prompt_tokens, info),
        temperature=request.temperature,
        top_p=max(request.top_p, LEAST),
        top_k=request.top_k if request.top_k > 0 else -1,
        repetition_penalty=max(request.repetition_penalty, LEAST),
        seed=request.seed,
        ignore_eos=request.ignore_eos,
    )


def max_tokens_of(request: ChatRequest | CompletionRequest, prompt_tokens: int, info: EngineInfo) -> int:
    """How many tokens to generate: what the request says, or else what context, cache and limit leave."""
    where = "prompt" if isinstance(request, CompletionRequest) else "messages"
    if not info.dynamic_split_fuse and prompt_tokens > info.max_num_batched_tokens:
        raise RequestError(
            400,
            f"This server reads prompts of at most {info.max_num_batched_tokens} tokens. However, your "
            f"{where} resulted in {prompt_tokens} tokens. Please reduce the length of the {where}.",
            code="context_length_exceeded",
            param=where,
        )
    limit = info.cache_tokens
    what = "This server's KV cache holds"
    if info.context_length is not None and info.context_length <= limit:
        limit = info.context_length
        what = "This model's maximum context length is"
    if prompt_tokens >= limit:
        raise RequestError(
            400,
            f"{what} {limit} tokens. However, your {where} resulted in {prompt_tokens} tokens. "
            f"Please reduce the length of the {where}.",
            code="context_length_exceeded",
            param=where,
        )
    asked = request.explicit_limit
    if asked is None:
        left = limit - prompt_tokens
        return left if request.default_max_tokens is None else min(left, request.default_max_tokens)
    if prompt_tokens + asked > limit:
        raise RequestError(
            400,
            f"{what} {limit} tokens. However, you requested {prompt_tokens + asked} tokens "
            f"({prompt_tokens} in the {where}, {asked} in the completion). "
            f"Please reduce the length of the {where} or completion.",
            code="context_length_exceeded",
            param=request.limit_parameter,
        )
    return asked
