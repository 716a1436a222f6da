"""One request in the engine, as its consumer sees it: a mailbox that is also an iterator."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Self

from ovpipe.engines.protocol import Delta, GenerationMeter, OnStep


class MailboxGeneration:
    """Implements `protocol.Generation` for one consumer at a time.

    Deltas that wait for the consumer are merged into one. So a slow consumer costs no more memory than the
    request's own tokens. What has arrived before an error is handed out before it.
    """

    def __init__(
        self,
        request_id: int,
        on_cancel: Callable[[int], None],
        on_step: OnStep | None = None,
        meter: GenerationMeter | None = None,
    ) -> None:
        self.request_id = request_id
        self.suspected = False
        """Whether its request may have poisoned the engine that it was in."""
        self.on_step = on_step
        """Is called with the steps that serve its request."""
        self._meter = meter
        self._on_cancel = on_cancel
        self._waiting: Delta | None = None
        self._error: Exception | None = None
        self._closed = False
        self._consumer: asyncio.Future[None] | None = None
        self._begun = False
        self._heard = False
        """Whether anything has come since the last pulse."""
        self._generated = 0
        self._before = 0
        """Of these, the tokens that came from processes before the one that has it now."""

    # --- the engine's side

    @property
    def closed(self) -> bool:
        """Whether it takes no more: finished, failed or cancelled."""
        return self._closed

    @property
    def begun(self) -> bool:
        """Whether the engine works on its request, which then has left the queue."""
        return self._begun

    def move(self, on_cancel: Callable[[int], None]) -> None:
        """Its request is in another engine's life now: `on_cancel` cancels it there."""
        self._on_cancel = on_cancel
        self._begun = False
        self._before = self._generated

    def begin(self) -> None:
        """The engine begins to read its prompt."""
        self._begun = self._heard = True
        if self._meter is not None:
            self._meter.reading()

    def pulse(self) -> None:
        """Delivers that the engine is at work, when nothing has come since the last call."""
        heard, self._heard = self._heard, False
        if self._begun and not heard:
            self.deliver(Delta(self.request_id, [], self._generated - self._before))
            self._heard = False

    def deliver(self, delta: Delta) -> None:
        """Puts a delta in the mailbox and schedules the consumer, if it waits."""
        if self._closed:
            return
        if self._before:  # to this process they are tokens of the prompt
            generated = self._before + delta.generated
            delta = Delta(delta.request, delta.tokens, generated, delta.finish, delta.beams)
        if self._waiting is None:
            self._waiting = delta
        else:
            tokens = self._waiting.tokens
            tokens.extend(delta.tokens)  # the list is still ours: no consumer has seen it
            prompt = [*self._waiting.prompt_logprobs, *delta.prompt_logprobs]
            seed = self._waiting.seed if delta.seed is None else delta.seed
            cached = self._waiting.cached_tokens if delta.cached_tokens is None else delta.cached_tokens
            self._waiting = Delta(
                delta.request, tokens, delta.generated, delta.finish, delta.beams, seed, cached, prompt
            )
        self._closed = delta.finish is not None
        self._begun = self._heard = True
        if self._meter is not None:
            self._meter.tokens(delta.generated - self._generated, delta.cached_tokens)
            if delta.finish is not None:
                self._meter.ended(delta.finish)
        self._generated = delta.generated
        self._wake()

    def fail(self, error: Exception) -> None:
        """Ends the iteration with this error, after what has been delivered."""
        if not self._closed:
            self._closed = True
            self._error = error
            if self._meter is not None:
                self._meter.ended(None)
            self._wake()

    def _wake(self) -> None:
        if self._consumer is not None and not self._consumer.done():
            self._consumer.set_result(None)

    # --- the consumer's side

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Delta:
        while True:
            if self._waiting is not None:
                delta, self._waiting = self._waiting, None
                return delta
            if self._error is not None:
                error, self._error = self._error, None
                raise error
            if self._closed:
                raise StopAsyncIteration
            if self._consumer is not None:
                raise RuntimeError("two tasks iterate over one generation")
            self._consumer = asyncio.get_running_loop().create_future()
            try:
                await self._consumer
            finally:
                self._consumer = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        self.cancel()

    def cancel(self) -> None:
        """Ends the request and the iteration; what was not taken yet is dropped."""
        self._waiting = None
        self._error = None
        if not self._closed:
            self._closed = True
            if self._meter is not None:
                self._meter.ended(None)
            self._on_cancel(self.request_id)
            self._wake()
