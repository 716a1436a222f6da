"""Choices: several sequences of one request in the engine at once, and which of them are the best."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Self

import msgspec

from ovpipe.calculators.llm.packets import Prompt, TokenDelta
from ovpipe.engines.protocol import Delta, Engine, Generation, SamplingParams


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


def whole(deltas: list[Delta]) -> Delta:
    """All deltas of a sequence in one."""
    last = deltas[-1]
    return Delta(
        last.request,
        [token for delta in deltas for token in delta.tokens],
        last.generated,
        last.finish,
        [logprob for delta in deltas for logprob in delta.logprobs],
    )


def best(candidates: list[Delta], n: int) -> list[Delta]:
    """The n whose tokens have the highest mean log-probability, the best first."""
    return sorted(candidates, key=mean_logprob, reverse=True)[:n]


def mean_logprob(delta: Delta) -> float:
    """How likely the text was, by token."""
    return sum(delta.logprobs) / len(delta.logprobs) if delta.logprobs else float("-inf")
