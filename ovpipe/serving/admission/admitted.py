"""Admitted: what one request holds while it is served, and its wait for its turn."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from ovpipe.errors import RequestError
from ovpipe.http import Client
from ovpipe.serving.admission.model_gate import ModelGate, Turn
from ovpipe.serving.admission.pool import Pool
from ovpipe.serving.admission.prompt_queue import QueuedPrompt
from ovpipe.serving.admission.throughput import Throughput
from ovpipe.serving.limits import ModelLimits
from ovpipe.serving.refusals import (
    model_overloaded,
    over_share,
    queue_timeout,
    request_too_slow,
    server_overloaded,
)


class Admitted:
    """A request that the first gate has let in. `close` gives back all that it holds."""

    def __init__(
        self, client: Client, body_bytes: Pool, throughput: Throughput, wanted_seconds: float | None = None
    ) -> None:
        """`wanted_seconds` is the time that the client has for the whole request, if it says so."""
        self._client = client
        self._body_bytes = body_bytes
        self._throughput = throughput
        self._wanted_seconds = wanted_seconds
        self._began = asyncio.get_running_loop().time()
        self._held = 0
        self._gate: ModelGate | None = None
        self._turn: Turn | None = None
        self._wait: asyncio.Timeout | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._stop_run: Callable[[RequestError], None] | None = None
        self._stopped: RequestError | None = None

    def hold(self, body_bytes: int) -> None:
        """Counts so many bytes of its body, to its end; RequestError 429 when there is no room for them.

        What a graph makes of a body it may keep as long as it answers.
        """
        more = body_bytes - self._held
        if more <= 0:
            return
        if not self._body_bytes.take(self._client.name, more):
            raise refused_by_pool(self._body_bytes, "bytes of request bodies", self._throughput, more)
        self._held = body_bytes

    async def wait_for_turn(self, gate: ModelGate, priority: object, limits: ModelLimits) -> None:
        """Returns when it may run. RequestError 429: it may not even wait; 503: it has for too long."""
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        turn = gate.arrive(
            self._client.name, allowed_priority(priority, self._client), partial(_begin, waiting)
        )
        if turn is None:
            raise refused_by_gate(gate)
        self._gate, self._turn = gate, turn
        self._limit_time(limits)
        if turn.runs:
            return
        try:
            await self._until(waiting, limits.queue_seconds)
        except TimeoutError:
            raise queue_timeout(gate.seconds_until_room()) from None

    async def wait_for_load(self, loaded: Awaitable[None]) -> None:
        """Waits with its turn until its model is loaded; what comes of that is raised."""
        await self._until(loaded)

    def enter_prompt(self, tokens: int) -> QueuedPrompt:
        """A prompt of it waits for the engine from now on; RequestError 429 when too many tokens do."""
        assert self._gate is not None, "it has had its turn"
        return self._gate.prompts.enter(self._client.name, tokens)

    def run_begins(self, stop: Callable[[RequestError], None]) -> None:
        """It has had its turn; `stop` ends its run from here on."""
        self._stop_run = stop
        if self._stopped is not None:
            stop(self._stopped)

    def stop(self, error: RequestError) -> None:
        """Ends the wait, or the run, with this error."""
        self._stopped = self._stopped or error
        if self._stop_run is not None:
            self._stop_run(error)
        elif self._wait is not None and not self._wait.expired():
            self._wait.reschedule(asyncio.get_running_loop().time())

    def close(self) -> None:
        """Gives back what it holds; the next one has its turn."""
        if self._held:
            self._body_bytes.give_back(self._client.name, self._held)
            self._held = 0
        if self._deadline is not None:
            self._deadline.cancel()
        if self._turn is not None and self._gate is not None:
            if self._turn.runs:
                self._throughput.ended()
            self._gate.leave(self._turn)
            self._turn = None
        self._stop_run = None  # which would keep the run until the garbage collector comes to it

    def _limit_time(self, limits: ModelLimits) -> None:
        """The deadline of the whole request holds from now on: its client's own, or its model's."""
        known = [one for one in (limits.request_seconds, self._wanted_seconds) if one is not None]
        if known and self._deadline is None:
            loop = asyncio.get_running_loop()
            error = request_too_slow(min(known))
            self._deadline = loop.call_at(self._began + min(known), self.stop, error)

    async def _until(self, waited_for: Awaitable[None], seconds: float | None = None) -> None:
        """Waits; raises what `stop` was given, and TimeoutError after so many seconds."""
        try:
            async with asyncio.timeout(0 if self._stopped is not None else seconds) as self._wait:
                await waited_for
        except TimeoutError:
            if self._stopped is not None:
                raise self._stopped from None
            raise
        finally:
            self._wait = None


def refused_by_gate(gate: ModelGate) -> RequestError:
    """The 429 of a model that takes no more, at least not of this client."""
    seconds = gate.seconds_until_room()
    return model_overloaded(seconds) if gate.is_full() else over_share(seconds)


def refused_by_model(gate: ModelGate, client: str) -> RequestError | None:
    """The 429 of a model that would let in nothing more of this client now; None: it would."""
    if gate.is_full_for(client):
        return refused_by_gate(gate)
    return gate.prompts.refusal() if gate.prompts.is_full_for(client) else None


def refused_by_pool(pool: Pool, what: str, throughput: Throughput, amount: int = 1) -> RequestError:
    """The 429 of a server that has no room for so much more, at least not for this client."""
    seconds = throughput.seconds_for(1)
    return over_share(seconds) if pool.has_room(amount) else server_overloaded(what, seconds)


def allowed_priority(priority: object, client: Client) -> int:
    """The priority that orders the wait: the request's own, within what its client may use; 0 for no number.

    What is wrong with it the request's graph says, when it reads it.
    """
    wanted = priority if type(priority) is int else 0
    if client.priorities is None:
        return wanted
    first, last = client.priorities
    return min(max(wanted, first), last)


def _begin(waiting: asyncio.Future[None]) -> None:
    if not waiting.done():
        waiting.set_result(None)
