"""Choices: several requests of one request in the engine at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from typing import Final, Self

import msgspec

from ovpipe.calculators.llm.packets import Prompt, TokenDelta
from ovpipe.engines.protocol import Delta, Engine, Generation, OnStep, SamplingParams
from ovpipe.metering import Meter, TextMeter

MOST_TOKENS: Final = 64
"""Tokens of one delta of a text that is there at once: what the nodes below do with one takes its time."""


LONG_PROMPT: Final = 8_000
"""Tokens of a prompt, from which on others have their turn after each choice that is given to the engine."""


class ChoiceRequest(msgspec.Struct, frozen=True, eq=False):
    """What the engine is asked for one choice, or one candidate, of one prompt."""

    at: int
    """The prompt's index."""
    choice: int
    prompt: Prompt
    sampling: SamplingParams
    reads_only: bool = False
    """Whether nothing is wanted but what is known of the prompt: a token that comes after it is dropped."""

    def metered(self, meter: Meter | None) -> TextMeter | None:
        """What counts this text, where somebody counts."""
        if meter is None:
            return None
        return meter.text(self.at, len(self.prompt.tokens), self.sampling.max_tokens)

    @property
    def key(self) -> tuple[int, int]:
        """What packets about it are known by, in `cx.done(text, key)`."""
        return (self.at, self.choice)

    def delta(self, delta: Delta) -> TokenDelta:
        """A delta of the engine as the graph has it."""
        reads_only = self.reads_only
        return TokenDelta(
            () if reads_only else tuple(delta.tokens),
            0 if reads_only else delta.generated,
            len(self.prompt.tokens),
            "length" if reads_only and delta.finish else delta.finish,
            self.at,
            self.choice,
            delta.seed,
            delta.cached_tokens,
            tuple(delta.prompt_logprobs),
        )

    def pieces(self, whole: Delta) -> Iterator[TokenDelta]:
        """A text that is there at once, as deltas of a size that lets others have their turn in between."""
        tokens, prompt = whole.tokens, whole.prompt_logprobs
        for begin in range(0, len(prompt), MOST_TOKENS):
            read = prompt[begin : begin + MOST_TOKENS]
            yield self.delta(Delta(whole.request, [], 0, prompt_logprobs=read))
        for begin in range(0, max(1, len(tokens)), MOST_TOKENS):
            end = begin + MOST_TOKENS
            yield self.delta(
                Delta(
                    whole.request,
                    tokens[begin:end],
                    min(end, len(tokens)),
                    whole.finish if end >= len(tokens) else None,
                    seed=whole.seed if begin == 0 else None,
                    cached_tokens=whole.cached_tokens,
                )
            )


class Choices:
    """The deltas of many requests, as they come: `async for request, delta in choices`.

    All are added to the engine on entering. Leaving ends those that are not finished.
    """

    def __init__(
        self,
        requests: list[ChoiceRequest],
        engine: Engine,
        priority: int,
        adapter: str | None = None,
        on_step: OnStep | None = None,
        meter: Meter | None = None,
    ) -> None:
        self._adapter = adapter
        self._meter = meter
        self._on_step = on_step
        self._requests = requests
        self._engine = engine
        self._priority = priority
        self._generations: dict[ChoiceRequest, Generation] = {}
        self._stack = AsyncExitStack()
        self._waits: dict[asyncio.Task[Delta | None], ChoiceRequest] = {}

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            for request in self._requests:
                generation = self._engine.generate(
                    request.prompt.tokens,
                    request.sampling,
                    priority=self._priority,
                    adapter=self._adapter,
                    on_step=self._on_step,
                    meter=request.metered(self._meter),
                )
                self._generations[request] = await stack.enter_async_context(generation)
                if len(request.prompt.tokens) > LONG_PROMPT:
                    await asyncio.sleep(0)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *exc: object) -> None:
        for wait in self._waits:
            wait.cancel()
        await asyncio.gather(*self._waits, return_exceptions=True)
        await self._stack.aclose()

    async def __aiter__(self) -> AsyncIterator[tuple[ChoiceRequest, Delta]]:
        for request in self._requests:
            self._wait_for(request)
        while self._waits:
            arrived, _ = await asyncio.wait(self._waits, return_when=asyncio.FIRST_COMPLETED)
            for wait in sorted(arrived, key=self._order):
                request = self._waits.pop(wait)
                delta = wait.result()
                if delta is None:
                    continue
                yield request, delta
                if delta.finish is None and request in self._generations:
                    self._wait_for(request)

    def drop(self, request: ChoiceRequest) -> None:
        """Ends one request before its time."""
        self._generations.pop(request).cancel()

    def _wait_for(self, request: ChoiceRequest) -> None:
        wait = asyncio.ensure_future(next_delta(self._generations[request]))
        self._waits[wait] = request

    def _order(self, wait: asyncio.Task[Delta | None]) -> tuple[int, int]:
        return self._waits[wait].key


async def next_delta(generation: Generation) -> Delta | None:
    """The next delta; None at the end."""
    return await anext(generation, None)
