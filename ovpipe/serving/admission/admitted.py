"""Admitted: what one request holds while it is served, and its wait for its turn."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

from ovpipe.errors import RequestError
from ovpipe.http import Client
from ovpipe.serving.admission.model_gate import ModelGate, Turn
from ovpipe.serving.admission.pool import Pool
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

    def __init__(self, client: Client, body_bytes: Pool, throughput: Throughput) -> None:
        self._client = client
        self._body_bytes = body_bytes
        self._throughput = throughput
        self._began = asyncio.get_running_loop().time()
        self._held = 0
        self._gate: ModelGate | None = None
        self._turn: Turn | None = None
        self._waiting: asyncio.Future[None] | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._stop_run: Callable[[RequestError], None] | None = None

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
        loop = asyncio.get_running_loop()
        waiting: asyncio.Future[None] = loop.create_future()
        turn = gate.arrive(
            self._client.name, allowed_priority(priority, self._client), partial(_begin, waiting)
        )
        if turn is None:
            raise refused_by_gate(gate)
        self._gate, self._turn = gate, turn
        if limits.request_seconds is not None:
            error = request_too_slow(limits.request_seconds)
            self._deadline = loop.call_at(self._began + limits.request_seconds, self.stop, error)
        if turn.runs:
            return
        self._waiting = waiting
        try:
            async with asyncio.timeout(limits.queue_seconds):
                await waiting
        except TimeoutError:
            raise queue_timeout(gate.seconds_until_room()) from None

    def run_begins(self, stop: Callable[[RequestError], None]) -> None:
        """It has had its turn; `stop` ends its run from here on."""
        self._stop_run = stop

    def stop(self, error: RequestError) -> None:
        """Ends the wait, or the run, with this error."""
        if self._stop_run is not None:
            self._stop_run(error)
        elif self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(error)

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


def refused_by_gate(gate: ModelGate) -> RequestError:
    """The 429 of a model that takes no more, at least not of this client."""
    seconds = gate.seconds_until_room()
    return model_overloaded(seconds) if gate.is_full() else over_share(seconds)


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
