"""ContinuousBatchingCalculator: prompts become tokens, in one batch with all other requests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from ovpipe.calculator import Calculator, Context
from ovpipe.calculators.llm.choices import Choices, Sequence, best, whole
from ovpipe.calculators.llm.packets import ChatRequest, CompletionRequest, Prompt, Prompts, TokenDelta
from ovpipe.engines.protocol import (
    BeamSearch,
    Delta,
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

    Inputs `request` and `prompts`, streaming output `deltas`, side input `engine`. Checks first that prompt
    and max_tokens fit the model's context and the KV cache: an engine must never see what it cannot hold.
    Raises RequestError: 400 when they do not fit (context_length_exceeded) or the engine refuses the
    request, 503 when the engine is not there (with retry_after) or dies.

    Each choice of each prompt is a request of its own in the engine, with a seed of its own, and their
    deltas come as they are generated. With best_of above n they come at the end, the best ones only. A beam
    search is one request and comes in one piece.

    The engine forgets the request when nobody reads `deltas` any more, and when the run is cancelled; it
    forgets one choice when everybody has said `cx.done(text, (prompt, choice))`.
    Stop strings are not the engine's: it would hold tokens back for them. StopStringsCalculator finds them.

        continuous_batching:
          calculator: ContinuousBatchingCalculator
          side_inputs: {engine: engine}
          inputs: {request: chat_request, prompts: prompts}
          outputs: {deltas: deltas}
    """

    request = Input[ChatRequest | CompletionRequest]()
    prompts = Input[Prompts]()
    deltas = Output[TokenDelta](streaming=True)
    engine = SideInput[Engine]()

    async def process(self, cx: Context) -> None:
        """Sends deltas until the engine has finished or nobody reads them."""
        request, prompts, engine = cx[self.request], cx[self.prompts].prompts, cx[self.engine]
        check_speculation(request, engine.info)
        with engine_errors():
            if request.use_beam_search:
                await self.search(cx, request, prompts, engine)
            elif request.best_of > request.n:
                await self.pick(cx, request, prompts, engine)
            elif len(prompts) == request.n == 1:
                await self.stream_one(cx, request, prompts[0], engine)
            else:
                await self.stream_all(cx, request, prompts, engine)

    async def stream_one(
        self, cx: Context, request: ChatRequest | CompletionRequest, prompt: Prompt, engine: Engine
    ) -> None:
        """The one choice of the one prompt."""
        tokens = prompt.tokens
        sampling = sampling_of(request, prompt, engine.info)
        async with engine.generate(tokens, sampling, priority=request.priority) as generation:
            async for delta in generation:
                cx.send(self.deltas, token_delta(delta, len(tokens)))
                await cx.drain()

    async def stream_all(
        self,
        cx: Context,
        request: ChatRequest | CompletionRequest,
        prompts: tuple[Prompt, ...],
        engine: Engine,
    ) -> None:
        """All choices, each delta when it comes."""
        async with Choices(self.sequences(request, prompts, engine), engine, request.priority) as choices:
            async for sequence, delta in choices:
                if sequence.key in cx.done_keys(self.deltas):
                    choices.drop(sequence)
                    continue
                cx.send(self.deltas, sequence.delta(delta))
                await cx.drain()

    async def pick(
        self,
        cx: Context,
        request: ChatRequest | CompletionRequest,
        prompts: tuple[Prompt, ...],
        engine: Engine,
    ) -> None:
        """The n best of best_of candidates, when all are there."""
        sequences = self.sequences(request, prompts, engine, logprobs=True)
        deltas: dict[tuple[int, int], list[Delta]] = {sequence.key: [] for sequence in sequences}
        async with Choices(sequences, engine, request.priority) as choices:
            async for sequence, delta in choices:
                deltas[sequence.key].append(delta)
                await cx.drain()
        for at, prompt in enumerate(prompts):
            candidates = [whole(parts) for (of, _), parts in deltas.items() if of == at]
            for choice, delta in enumerate(best(candidates, request.n)):
                shown = token_delta(delta, len(prompt.tokens), at, choice, logprobs=request.logprobs)
                cx.send(self.deltas, shown)

    async def search(
        self,
        cx: Context,
        request: ChatRequest | CompletionRequest,
        prompts: tuple[Prompt, ...],
        engine: Engine,
    ) -> None:
        """The n best beams of each prompt, as each search ends."""
        sequences = [
            Sequence(at, 0, prompt, sampling_of(request, prompt, engine.info))
            for at, prompt in enumerate(prompts)
        ]
        async with Choices(sequences, engine, request.priority) as choices:
            async for sequence, delta in choices:
                for choice, beam in enumerate(delta.beams[: request.n]):
                    one = Delta(0, beam.tokens, len(beam.tokens), beam.finish, beam.logprobs)
                    cx.send(self.deltas, token_delta(one, len(sequence.prompt.tokens), sequence.at, choice))
                await cx.drain()

    def sequences(
        self,
        request: ChatRequest | CompletionRequest,
        prompts: tuple[Prompt, ...],
        engine: Engine,
        *,
        logprobs: bool = False,
    ) -> list[Sequence]:
        """One for each candidate of each prompt; all are checked before the first is added."""
        return [
            Sequence(at, choice, prompt, sampling_of(request, prompt, engine.info, choice, logprobs=logprobs))
            for at, prompt in enumerate(prompts)
            for choice in range(request.best_of)
        ]


def token_delta(
    delta: Delta, prompt_tokens: int, prompt: int = 0, choice: int = 0, *, logprobs: bool = True
) -> TokenDelta:
    """A delta of the engine as the graph has it."""
    return TokenDelta(
        tuple(delta.tokens),
        delta.generated,
        prompt_tokens,
        delta.finish,
        prompt,
        choice,
        tuple(delta.logprobs) if logprobs else (),
    )


@contextmanager
def engine_errors() -> Iterator[None]:
    """Turns what an engine raises into what a client is told."""
    try:
        yield
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


def check_speculation(request: ChatRequest | CompletionRequest, info: EngineInfo) -> None:
    """Raises RequestError 400 for parameters of a way to guess ahead that this engine does not use."""
    needs = (
        ("num_assistant_tokens", ("draft_model", "prompt_lookup")),
        ("assistant_confidence_threshold", ("draft_model",)),
        ("max_ngram_size", ("prompt_lookup",)),
    )
    for name, ways in needs:
        if getattr(request, name) is not None and info.speculation not in ways:
            words = " or ".join(way.replace("_", " ") for way in ways)
            raise RequestError(
                400,
                f"'{name}' needs a model that is served with {words}, and this one is not.",
                code="unsupported_parameter",
                param=name,
            )


def sampling_of(
    request: ChatRequest | CompletionRequest,
    prompt: Prompt,
    info: EngineInfo,
    choice: int = 0,
    *,
    logprobs: bool = False,
) -> SamplingParams:
    """The engine's parameters for one choice; raises RequestError 400 when the request does not fit.

    Each choice has a seed of its own, so that the first has the text that a request for it alone would get.
    """
    max_tokens = max_tokens_of(request, len(prompt.tokens), info)
    beams = None
    if request.use_beam_search:
        beams = BeamSearch(
            width=request.best_of,
            groups=request.num_beam_groups,
            length_penalty=request.length_penalty,
            diversity_penalty=request.diversity_penalty,
            early_stopping=request.early_stopping,
        )
    return SamplingParams(
        max_tokens=max_tokens,
        min_tokens=min(request.min_tokens, max_tokens),
        temperature=request.temperature,
        top_p=max(request.top_p, LEAST),
        top_k=request.top_k if request.top_k > 0 else -1,
        min_p=request.min_p,
        repetition_penalty=max(request.repetition_penalty, LEAST),
        frequency_penalty=request.frequency_penalty,
        presence_penalty=request.presence_penalty,
        seed=None if request.seed is None else request.seed + choice,
        ignore_eos=request.ignore_eos,
        stop_token_ids=request.stop_token_ids,
        logprobs=logprobs or request.logprobs,
        beams=beams,
        grammar=request.grammar,
        num_assistant_tokens=request.num_assistant_tokens,
        assistant_confidence_threshold=request.assistant_confidence_threshold,
        max_ngram_size=request.max_ngram_size,
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
        if request.use_beam_search:
            left = max(1, min(left, room_of_a_beam(prompt_tokens, request.best_of, info)))
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


def room_of_a_beam(prompt_tokens: int, width: int, info: EngineInfo) -> int:
    """How many tokens each beam may have: beams share the prompt's full blocks of the cache and no others."""
    shared = prompt_tokens // info.block_size
    longest = shared + (info.num_kv_blocks - shared) // width
    return longest * info.block_size - prompt_tokens
