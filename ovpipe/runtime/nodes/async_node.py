"""AsyncNode: a calculator with a call that awaits."""

from __future__ import annotations

import asyncio
from asyncio import CancelledError, Future, Task, current_task
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from ovpipe.errors import Abandoned
from ovpipe.runtime.core.back_pressure import relieve
from ovpipe.runtime.nodes.context import AsyncContext
from ovpipe.runtime.nodes.node import Node
from ovpipe.timestamp import ONE_OVER_POST_STREAM

DRAINS_PER_TURN = 64
"""Calls of `cx.drain` that find room, before one lets the event loop have its turn all the same."""


class AsyncNode(Node):
    """Runs its calls in a task that lives while there is something to process.

    Never entered twice at once. What it sends is visible at once; the bounds of its outputs stay where its
    last sends left them until `process` returns. It closes when its call has unwound, never before.
    """

    __slots__ = ("drains", "followed", "running", "task", "waiter")

    context = AsyncContext

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.task: Task[None] | None = None
        self.running = False
        self.drains = 0
        self.waiter: Future[None] | None = None
        self.followed: Callable[[], int] | None = None

    # --- life

    def open(self) -> None:
        """Opens now when `open` is plain, else as the first thing its task does."""
        if self.plan.opens_async:
            self.start()
        else:
            super().open()

    def drain(self) -> None:
        """Starts a task when there may be something for it; while it lives the node stays queued."""
        if self.task is None and not self.closed:
            self.start()

    def start(self) -> None:
        """Starts the task."""
        self.queued = True
        self.core.busy += 1
        self.task = self.core.spawn(self.work())

    @property
    def calling(self) -> int | None:
        """The timestamp of the oldest call under way."""
        return self.cx.ts if self.running else None

    @property
    def progress_outside(self) -> int:
        """What the call under way follows; 0 while it waits for room, which is in the run's own hands."""
        if self.followed is None or not self.running or self.waiter is not None:
            return 0
        return self.followed()

    def follow_progress(self, count: Callable[[], int]) -> None:
        """`cx.follow_progress`."""
        self.followed = count

    def finish(self) -> None:
        """Closes; an async close, and that of a call still in flight, is left to the task."""
        if self.closed or self.task is not None:
            return
        if self.opened and self.plan.closes_async:
            self.start()
        else:
            super().finish()

    def interrupt(self) -> None:
        """The run stops: cancels the call in flight. A task that has not begun sees it by itself."""
        if self.task is not None and self.running:
            self.task.cancel()

    def release(self) -> None:
        """Lets go of the run, which has ended."""
        super().release()
        self.task = self.followed = None

    # --- the task

    async def work(self) -> None:
        """Everything from the first news to the last packet that can be processed now."""
        self.running = True
        phase = "open"
        core = self.core
        try:
            if not self.opened and not core.stopping:
                await awaited(self.watched("open", self.calculator.open)(self.cx))
                self.opened = True
            phase = "process"
            await self.work_on_inputs()
        except Abandoned:
            for entry in self.inputs:
                self.done(entry.port)
        except BaseException as error:  # a SystemExit, too: one calculator is not the process
            self.failed(phase, error)
        if not self.closed and (core.stopping or self.policy.bound() >= ONE_OVER_POST_STREAM):
            await self.close()
        self.leave()

    async def work_on_inputs(self) -> None:
        """Processes input sets until none is settled."""
        while not self.core.stopping and await self.next_inputs():
            try:
                processing = self.process(self.cx)
                if processing is not None:
                    await processing
            except BaseException as error:  # `drops_error` decides of which class it may be
                if self.is_cancelled(error) or is_dropped(self.task) or not self.drops_error(error):
                    raise
            self.policy.clear(self.cx)
            self.settle()

    async def next_inputs(self) -> bool:
        """Waits for room below, then takes the next input set; False when none is settled."""
        while any(stream.full for stream in self.outs):
            await self.wait_for_room()
        return self.policy.take(self.cx)

    def settle(self) -> None:
        """After a call: reports room to the streams above, and publishes the bounds of those below."""
        core = self.core
        for entry in self.inputs:
            relieve(core, entry.source)
        bound = self.policy.bound()
        if bound < ONE_OVER_POST_STREAM:  # else close comes next, and may still send
            following = self.publish_bounds(bound)
            if following is not None:
                core.ready.append(following)
        core.turn()

    async def close(self) -> None:
        """Closes the calculator from its task."""
        self.closed = True
        if self.opened:
            self.empty_context()
            try:
                if self.plan.closes_async:
                    await absorb_cancellation()
                await awaited(self.watched("close", self.calculator.close)(self.cx))
            except Abandoned:
                pass  # nobody reads what close had to say
            except BaseException as error:  # a SystemExit, too, as above
                self.failed("close", error)
        self.ended()

    def failed(self, phase: str, error: BaseException) -> None:
        """A call has raised: that is its failure, unless it unwinds because it has to."""
        if is_dropped(self.task):
            raise error
        if not self.is_cancelled(error):
            self.fail(phase, error)

    def is_cancelled(self, error: BaseException) -> bool:
        """Whether this is how a call ends in a run that stops; of itself no call may raise CancelledError."""
        return self.core.stopping and isinstance(error, CancelledError)

    def leave(self) -> None:
        """The end of the task: nothing is ready now. No await since that was found, so no news is missed."""
        core = self.core
        self.task = None
        self.running = False
        core.busy -= 1
        following = self.forward()
        if following is not None:
            core.ready.append(following)
        core.turn()

    # --- room

    async def drained(self) -> None:
        """`cx.drain`: waits until no output is full; raises Abandoned when one is no longer read.

        A call that never has to wait still gives way to the event loop now and then, and when the run
        has stopped: that is where its cancellation reaches it.
        """
        self.drains += 1
        if self.drains % DRAINS_PER_TURN == 0 or self.core.stopping:
            await asyncio.sleep(0)
        while True:
            for stream in self.outs:
                if stream.abandoned:
                    stream.refuse((0, None))
            if not any(stream.full for stream in self.outs):
                return
            await self.wait_for_room()

    async def wait_for_room(self) -> None:
        """Waits for a consumer. The run may find meanwhile that it is stuck, so this call is not busy."""
        waiter = self.waiter = asyncio.get_running_loop().create_future()
        self.core.busy -= 1
        self.core.on_news()
        try:
            await waiter
        except CancelledError:
            if waiter.cancelled():  # else whoever woke it counted it already
                self.core.busy += 1
            raise
        finally:
            self.waiter = None

    def wake(self) -> None:
        """Lets a call that waits for room look again; from now on it is busy, though it has yet to run."""
        if self.waiter is not None and not self.waiter.done():
            self.core.busy += 1
            self.waiter.set_result(None)

    def has_room(self) -> None:
        """An output that was full is not any more."""
        if self.waiter is None:
            super().has_room()
        else:
            self.wake()

    def lost_consumer(self) -> Node | None:
        """An output lost its last consumer: a call in flight learns it by its next send or drain."""
        if self.task is None:
            return super().lost_consumer()
        self.wake()
        return None


async def awaited(result: Awaitable[None] | None) -> None:
    """Awaits the result of a call that may be plain."""
    if result is not None:
        await result


def is_dropped(task: Task[Any] | None) -> bool:
    """Whether nobody runs a task any more: its coroutine is being closed, so it may await nothing."""
    try:
        return current_task() is not task
    except RuntimeError:  # its event loop has gone
        return True


async def absorb_cancellation() -> None:
    """Takes up a cancellation that was asked for while the task was running, so that close is spared it."""
    with suppress(CancelledError):
        await asyncio.sleep(0)
