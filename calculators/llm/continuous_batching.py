"""ContinuousBatchingCalculator: prompts become tokens, in one batch with all other requests."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import msgspec

from ovpipe.calculator import Calculator, Context
from ovpipe.calculators.llm.generation.candidates import AnswerReading, Candidate, best, cached_tokens_of
from ovpipe.calculators.llm.generation.choices import ChoiceRequest, Choices
from ovpipe.calculators.llm.generation.deadlines import TokenDeadlines
from ovpipe.calculators.llm.generation.sampling import max_tokens_of, sampling_of
from ovpipe.calculators.llm.generation.steps import reports_of_steps
from ovpipe.calculators.llm.generation.token_limits import bad_words_of
from ovpipe.calculators.llm.grammars.guided import Formats
from ovpipe.calculators.llm.output_parsers import check_formats
from ovpipe.calculators.llm.packets import ChatRequest, CompletionRequest, Prompt, Prompts, TokenDelta
from ovpipe.calculators.llm.parameters.context_room import ContextRoom
from ovpipe.calculators.llm.templates.template import ChatTemplate
from ovpipe.calculators.llm.text.answers import parsers_of
from ovpipe.engines.protocol import (
    Delta,
    Engine,
    EngineDied,
    EngineFull,
    EngineInfo,
    EngineUnavailable,
    OnStep,
    RequestFailed,
    RequestRefused,
)
from ovpipe.errors import RequestError
from ovpipe.metering import Meter
from ovpipe.ports import Input, Output, SideInput
from ovpipe.registry import register
from ovpipe.tokenizers.tokenizer import Tokenizer


@register
class ContinuousBatchingCalculator(Calculator):
    """Generates: one delta for each step of the engine, as it comes.

    Inputs `request` and `prompts`, streaming output `deltas`, side input `engine`. Checks first that prompt
    and max_tokens fit the model's context and the KV cache: an engine must never see what it cannot hold.
    Raises RequestError: 400 when they do not fit (context_length_exceeded) or the engine refuses the
    request, 500 when a part of the engine fails over it, 503 when the engine is not there or has no room to
    go on (with retry_after), or dies.

    Each choice of each prompt is a request of its own in the engine, with a seed of its own, and their
    deltas come as they are generated. With best_of above n they come at the end, the best ones only. Stop
    strings beside it need the side input `tokenizer` (optional), by which candidates are cut at their stops
    before they are compared; a chat's also `chat_template` (optional), or the options `tool_format` and
    `reasoning_format`, which say what of a text is the answer. A beam search is one request and comes at its
    end.

    The engine forgets the request when no node reads `deltas` any more, and when the run is cancelled. It
    forgets one choice when every reader has said `cx.done(text, (prompt, choice))`.
    A request of no tokens (max_tokens 0) ends at once, and the engine does not see it, unless it wants
    log-probabilities of its prompt.
    `first_token_seconds` and `between_tokens_seconds` bound the wait for the engine, from when it has the
    prompt; beyond them the request gets 503. A beam search has its tokens at its end and is not bounded so.
    Stop strings are not the engine's: it would hold tokens back for them. StopStringsCalculator finds them.

        continuous_batching:
          calculator: ContinuousBatchingCalculator
          side_inputs: {engine: engine, tokenizer: tokenizer, chat_template: chat_template}
          inputs: {request: chat_request, prompts: prompts}
          outputs: {deltas: deltas}
          options: {tool_format: hermes, reasoning_format: think}
    """

    request = Input[ChatRequest | CompletionRequest]()
    prompts = Input[Prompts]()
    deltas = Output[TokenDelta](streaming=True)
    engine = SideInput[Engine]()
    tokenizer = SideInput[Tokenizer](optional=True)
    chat_template = SideInput[ChatTemplate | None](optional=True)

    def __init__(
        self,
        *,
        tool_format: str | None = None,
        reasoning_format: str | None = None,
        first_token_seconds: float | None = None,
        between_tokens_seconds: float | None = None,
    ) -> None:
        check_formats(tool_format, reasoning_format)
        self._deadlines = TokenDeadlines(first_token_seconds, between_tokens_seconds)
        self._formats = Formats(tool_format, reasoning_format)
        self._bad_words: tuple[tuple[int, ...], ...] = ()
        self._on_step: OnStep | None = None
        self._meter: Meter | None = None

    def model_capabilities(self, side_packets: Mapping[str, Any]) -> Mapping[str, Any]:
        """See DescribesModel: what the engine says of itself."""
        info: EngineInfo = side_packets["engine"].info
        return {
            "max_model_len": ContextRoom.of(info).tokens,
            "precision": info.precision or None,
            "structured_outputs": "structured_outputs" in info.capabilities,
            "adapters": info.adapters,
            "parameters": sorted(info.capabilities - {"structured_outputs"}),
        }

    async def process(self, cx: Context) -> None:
        """Sends deltas until the engine has finished or no node reads them."""
        request, prompts, engine = cx[self.request], cx[self.prompts].prompts, cx[self.engine]
        cx.follow_progress(lambda: engine.progress)
        self._on_step = reports_of_steps(cx.work_listener())
        self._meter = cx.meter()
        self._bad_words = await bad_words_of(request, cx.get(self.tokenizer))
        with engine_errors():
            if request.explicit_limit == 0 and request.prompt_top is None:
                self.end_at_once(cx, request, prompts, engine)
            elif request.use_beam_search:
                await self.search(cx, request, prompts, engine)
            elif request.best_of > request.n:
                await self.pick(cx, request, prompts, engine)
            elif len(prompts) == request.n == 1:
                await self.stream_one(cx, request, prompts[0], engine)
            else:
                await self.stream_all(cx, request, prompts, engine)

    def end_at_once(
        self,
        cx: Context,
        request: ChatRequest | CompletionRequest,
        prompts: tuple[Prompt, ...],
        engine: Engine,
    ) -> None:
        """Every choice without a token; for the engine there is nothing to do."""
        for at, prompt in enumerate(prompts):
            max_tokens_of(request, len(prompt.tokens), engine.info)  # the prompt itself may be too long
            for choice in range(request.n):
                if self._meter is not None:
                    self._meter.text(at, len(prompt.tokens), 0).ended("length")
                cx.send(self.deltas, TokenDelta((), 0, len(prompt.tokens), "length", at, choice))

    async def stream_one(
        self, cx: Context, request: ChatRequest | CompletionRequest, prompt: Prompt, engine: Engine
    ) -> None:
        """The one choice of the one prompt."""
        asked = self.asked(request, 0, prompt, engine)
        async with engine.generate(
            prompt.tokens,
            asked.sampling,
            priority=request.priority,
            adapter=request.adapter,
            on_step=self._on_step,
            meter=asked.metered(self._meter),
        ) as generation:
            async for delta in self._deadlines.watch(generation, has_tokens):
                cx.send(self.deltas, asked.delta(delta))
                if asked.key in cx.done_keys(self.deltas):
                    return
                await cx.drain()

    async def stream_all(
        self,
        cx: Context,
        request: ChatRequest | CompletionRequest,
        prompts: tuple[Prompt, ...],
        engine: Engine,
    ) -> None:
        """All choices, each delta when it comes."""
        async with self.choices(self.candidates(request, prompts, engine), request, engine) as choices:
            async for asked, delta in self._deadlines.watch(choices, has_tokens_of_one):
                if asked.key in cx.done_keys(self.deltas):
                    choices.drop(asked)
                    continue
                cx.send(self.deltas, asked.delta(delta))
                await cx.drain()

    async def pick(
        self,
        cx: Context,
        request: ChatRequest | CompletionRequest,
        prompts: tuple[Prompt, ...],
        engine: Engine,
    ) -> None:
        """The n best of best_of candidates, when all are there."""
        reading = self.reading(cx, request)
        all_asked = self.candidates(request, prompts, engine, logprobs=True)
        candidates = {asked: Candidate(asked, request, reading) for asked in all_asked}
        async with self.choices(all_asked, request, engine) as choices:
            async for asked, delta in self._deadlines.watch(choices, has_tokens_of_one):
                if candidates[asked].add(delta):
                    choices.drop(asked)
                await cx.drain()
        for at in range(len(prompts)):
            of_prompt = [candidates[asked] for asked in all_asked if asked.at == at]
            for choice, candidate in enumerate(best(of_prompt, request.n)):
                chosen = msgspec.structs.replace(candidate.asked, choice=choice)
                await self.send_whole(cx, chosen, candidate.whole(cached_tokens_of(of_prompt)))

    def reading(self, cx: Context, request: ChatRequest | CompletionRequest) -> AnswerReading | None:
        """What finds stop strings in candidates; None: there are none, or nothing says what the answer is.

        Raises RequestError 400 without a tokenizer.
        """
        tokenizer, template = cx.get(self.tokenizer), cx.get(self.chat_template)
        if not request.stop or not request.detokenize:
            return None
        if isinstance(request, ChatRequest) and template is None and not any(self._formats):
            return None
        if tokenizer is None:
            raise RequestError(
                400,
                "'best_of' above 'n' cannot stand beside 'stop' here: this server's graph gives the node "
                "that chooses the best texts no tokenizer to find stop strings with.",
                code="unsupported_parameter",
                param="best_of",
            )
        return AnswerReading(tokenizer, parsers_of(request, self._formats, cx[self.prompts], template))

    async def search(
        self,
        cx: Context,
        request: ChatRequest | CompletionRequest,
        prompts: tuple[Prompt, ...],
        engine: Engine,
    ) -> None:
        """The n best beams of each prompt, as each search ends."""
        searches = [self.asked(request, at, prompt, engine) for at, prompt in enumerate(prompts)]
        async with self.choices(searches, request, engine) as choices:
            async for asked, delta in choices:
                if not delta.beams and delta.finish is None:
                    cx.send(self.deltas, asked.delta(delta))
                    continue
                found = len(delta.beams)
                if found < request.n:  # nothing would answer the other choices
                    raise RequestError(
                        400,
                        f"'n' is {request.n}, and the beam search found {found} texts: the prompt and the "
                        "request's limits allow no more. Ask for fewer.",
                        code="too_few_beams",
                        param="n",
                    )
                for choice, beam in enumerate(delta.beams[: request.n]):
                    whole = Delta(
                        0, beam.tokens, len(beam.tokens), beam.finish, cached_tokens=delta.cached_tokens
                    )
                    await self.send_whole(cx, msgspec.structs.replace(asked, choice=choice), whole)

    def choices(
        self, asked: list[ChoiceRequest], request: ChatRequest | CompletionRequest, engine: Engine
    ) -> Choices:
        """The deltas of several requests in the engine."""
        return Choices(asked, engine, request.priority, request.adapter, self._on_step, self._meter)

    async def send_whole(self, cx: Context, asked: ChoiceRequest, whole: Delta) -> None:
        """A text that is there at once, piece by piece; the event loop gets its turn after each."""
        for piece in asked.pieces(whole):
            cx.send(self.deltas, piece)
            if asked.key in cx.done_keys(self.deltas):
                return
            await asyncio.sleep(0)
            await cx.drain()

    def asked(
        self,
        request: ChatRequest | CompletionRequest,
        at: int,
        prompt: Prompt,
        engine: Engine,
        choice: int = 0,
        *,
        logprobs: bool = False,
    ) -> ChoiceRequest:
        """What the engine is asked for one choice."""
        sampling = sampling_of(
            request, prompt, engine.info, choice, logprobs=logprobs, bad_words=self._bad_words
        )
        return ChoiceRequest(at, choice, prompt, sampling, reads_only=request.explicit_limit == 0)

    def candidates(
        self,
        request: ChatRequest | CompletionRequest,
        prompts: tuple[Prompt, ...],
        engine: Engine,
        *,
        logprobs: bool = False,
    ) -> list[ChoiceRequest]:
        """One for each candidate of each prompt; all are checked before the first is added."""
        return [
            self.asked(request, at, prompt, engine, choice, logprobs=logprobs)
            for at, prompt in enumerate(prompts)
            for choice in range(request.best_of)
        ]


def has_tokens(delta: Delta) -> bool:
    """Whether it is more than a sign of life."""
    return bool(delta.tokens or delta.finish)


def has_tokens_of_one(arrival: tuple[ChoiceRequest, Delta]) -> bool:
    """The same of one of several requests."""
    return has_tokens(arrival[1])


@contextmanager
def engine_errors() -> Iterator[None]:
    """Turns an engine's exceptions into errors for the client."""
    try:
        yield
    except EngineFull as error:
        raise RequestError(
            503,
            "The cache of the model's engine is full, and this request had to give way; try again later.",
            code="engine_full",
            retry_after=error.retry_after,
        ) from error
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
    except RequestFailed as error:
        raise RequestError(
            500, "The model's engine failed over this request.", code="request_failed"
        ) from error
    except RequestRefused as error:
        raise RequestError(
            400,
            f"The model's engine refuses this request: {error}",
            code="request_refused",
            param=error.param or None,
        ) from error
