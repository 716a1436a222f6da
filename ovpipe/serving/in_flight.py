"""The requests being served, so that a shutdown can wait for them and then end them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ovpipe.errors import RequestError
from ovpipe.serving.refusals import shutting_down


class Ticket:
    """One request in flight. `stop` is set once a run has started; it ends the run with an error."""

    def __init__(self, task: asyncio.Task[object]) -> None:
        self.task = task
        self.stop: Callable[[RequestError], None] | None = None


class InFlight:
    """All requests in flight; refuses new ones once it drains."""

    def __init__(self) -> None:
        self._tickets: set[Ticket] = set()
        self._idle = asyncio.Event()
        self._idle.set()
        self.draining = False

    def __len__(self) -> int:
        return len(self._tickets)

    @contextmanager
    def request(self) -> Iterator[Ticket]:
        """Counts the current task's request; RequestError 503 while draining."""
        if self.draining:
            raise shutting_down()
        task = asyncio.current_task()
        assert task is not None
        ticket = Ticket(task)
        self._tickets.add(ticket)
        self._idle.clear()
        try:
            yield ticket
        finally:
            self._tickets.discard(ticket)
            if not self._tickets:
                self._idle.set()

    async def wait_idle(self, timeout: float) -> bool:
        """Waits until no request is in flight; False when that took too long."""
        try:
            async with asyncio.timeout(timeout):
                await self._idle.wait()
        except TimeoutError:
            return False
        return True

    def stop_all(self) -> None:
        """Ends every run, so that each request is answered with what ended it; the rest are cancelled."""
        for ticket in list(self._tickets):
            if ticket.stop is not None:
                ticket.stop(shutting_down())
            else:
                ticket.task.cancel()

    def cancel_all(self) -> None:
        """Cancels what `stop_all` did not end."""
        for ticket in list(self._tickets):
            ticket.task.cancel()
