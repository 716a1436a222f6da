"""Choices: several sequences of one request in the engine at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from typing import Final, Self

import msgspec

from ovpipe.calculators.llm.packets import Prompt, TokenDelta
from ovpipe.engines.protocol import Delta, Engine, Generation, SamplingParams

MOST_TOKENS: Final = 64
"""Tokens of one delta of a text that is there at once: what the nodes below do with one takes its time."""


class Sequence(msgspec.Struct, frozen=True, eq=False):
    """One candidate of one prompt."""

    at: int
    """The prompt's index."""
    choice: int
    prompt: Prompt
    sampling: SamplingParams

    @property
    def key(self) -> tuple[int, int]:
        """What packets about it are known by, in `cx.done(text, key)`."""
        return (self.at, self.choice)

    def delta(self, delta: Delta) -> TokenDelta:
        """A delta of the engine as the graph has it."""
        return TokenDelta(
            tuple(delta.tokens),
            delta.generated,
            len(self.prompt.tokens),
            delta.finish,
            self.at,
            self.choice,
            tuple(delta.logprobs),
        )

    def pieces(self, whole: Delta) -> Iterator[TokenDelta]:
        """A text that is there at once, as deltas of a size that lets others have their turn in between."""
        tokens, logprobs = whole.tokens, whole.logprobs
        for begin in range(0, max(1, len(tokens)), MOST_TOKENS):
            end = begin + MOST_TOKENS
            yield self.delta(
                Delta(
                    whole.request,
                    tokens[begin:end],
                    min(end, len(tokens)),
                    whole.finish if end >= len(tokens) else None,
                    logprobs[begin:end],
                )
            )


class Choices:
    """The deltas of many sequences, as they come: `async for sequence, delta in choices`.

    All are added to the engine on entering. Leaving ends those that are not finished.
    """

    def __init__(self, sequences: list[Sequence], engine: Engine, priority: int) -> None:
        self._sequences = sequences
        self._engine = engine
        self._priority = priority
        self._generations: dict[Sequence, Generation] = {}
        self._stack = AsyncExitStack()
        self._waits: dict[asyncio.Task[Delta | None], Sequence] = {}

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            for sequence in self._sequences:
                generation = self._engine.generate(
                    sequence.prompt.tokens, sequence.sampling, priority=self._priority
                )
                self._generations[sequence] = await stack.enter_async_context(generation)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *exc: object) -> None:
        for wait in self._waits:
            wait.cancel()
        await asyncio.gather(*self._waits, return_exceptions=True)
        await self._stack.aclose()

    async def __aiter__(self) -> AsyncIterator[tuple[Sequence, Delta]]:
        for sequence in self._sequences:
            self._wait_for(sequence)
        while self._waits:
            arrived, _ = await asyncio.wait(self._waits, return_when=asyncio.FIRST_COMPLETED)
            for wait in sorted(arrived, key=self._order):
                sequence = self._waits.pop(wait)
                delta = wait.result()
                if delta is None:
                    continue
                yield sequence, delta
                if delta.finish is None and sequence in self._generations:
                    self._wait_for(sequence)

    def drop(self, sequence: Sequence) -> None:
        """Ends one sequence before its time."""
        self._generations.pop(sequence).cancel()

    def _wait_for(self, sequence: Sequence) -> None:
        wait = asyncio.ensure_future(next_delta(self._generations[sequence]))
        self._waits[wait] = sequence

    def _order(self, wait: asyncio.Task[Delta | None]) -> tuple[int, int]:
        return self._waits[wait].key


async def next_delta(generation: Generation) -> Delta | None:
    """The next delta; None at the end."""
    return await anext(generation, None)
