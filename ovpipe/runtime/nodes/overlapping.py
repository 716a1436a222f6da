"""OverlappingNode: calls on a pool of threads, or several at once, with the outputs in order."""

from __future__ import annotations

import asyncio
from asyncio import FIRST_COMPLETED, CancelledError, Future, Task, current_task
from collections import deque
from inspect import iscoroutinefunction
from typing import Any

from ovpipe.errors import Abandoned
from ovpipe.runtime.core.back_pressure import relieve
from ovpipe.runtime.nodes.async_node import AsyncNode, is_dropped
from ovpipe.runtime.nodes.buffered import BufferedContext
from ovpipe.runtime.nodes.failure import returned_something
from ovpipe.timestamp import ONE_OVER_POST_STREAM

PendingCall = tuple[BufferedContext, "Task[BaseException | None]"]
"""A call under way: its context, and the task that runs it, whose result is what the call raised."""


class OverlappingNode(AsyncNode):
    """Has up to `max_in_flight` calls under way, each with a context of its own.

    A plain `process` runs on the node's executor, an async one on the event loop. What a call sends is seen
    when it and all before it have ended, so the outputs come in the order of the inputs. A call on a
    thread cannot be cancelled: a run that stops waits for it before the calculator closes.
    """

    __slots__ = ("calls", "news")

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.calls: deque[PendingCall] = deque()
        self.news: Future[None] | None = None

    @property
    def calling(self) -> int | None:
        """The timestamp of the oldest call under way."""
        return self.calls[0][0].ts if self.calls else super().calling

    def drain(self) -> None:
        """Starts the task, or lets it look at what is new."""
        self.queued = False
        if self.news is not None and not self.news.done():
            self.news.set_result(None)
        elif self.task is None and not self.closed:
            self.start()

    async def work_on_inputs(self) -> None:
        """Keeps as many calls under way as may be, and flushes them in the order in which they began."""
        try:
            while not self.core.stopping:
                await self.start_calls()
                if not self.calls:
                    return
                await self.collect()
        except BaseException as error:  # the other calls are under way, whatever ended this one
            if is_dropped(self.task):
                raise
            others = await self.cancel_calls()  # before the run stops, which cancels this task, too
            if not isinstance(error, Abandoned):
                self.failed("process", error)
            elif not others:
                raise
        else:
            others = await self.cancel_calls()
        for self.cx.ts, other in others:
            self.failed("process", other)  # not the run's first failure, but named in the log all the same

    async def start_calls(self) -> None:
        """Starts calls while there are input sets, and room below."""
        while len(self.calls) < self.plan.max_in_flight and not self.core.stopping:
            if any(stream.full for stream in self.outs):
                if self.calls:
                    return
                await self.wait_for_room()
                continue
            cx = BufferedContext.like(self.cx)
            if not self.policy.take(cx):
                return
            cx.keep_bounds()
            for entry in self.inputs:
                relieve(self.core, entry.source)
            self.calls.append((cx, asyncio.ensure_future(self.call(cx))))

    async def call(self, cx: BufferedContext) -> BaseException | None:
        """One call of `process`; returns what it raised.

        A task that raises SystemExit ends the event loop, and a thread that raises StopIteration never ends
        for asyncio, so neither may raise.
        """
        task = current_task()
        if iscoroutinefunction(self.calculator.process):
            try:
                await self.process(cx)
            except BaseException as error:  # returned, and so raised where it is awaited
                if is_dropped(task):
                    raise
                return error
            return None
        pool = self.core.executors[self.plan.executor]
        done: Future[Any] = asyncio.get_running_loop().run_in_executor(pool, self.attempt, cx)
        try:
            return await asyncio.shield(done)
        except CancelledError:
            if is_dropped(task):
                raise
            await asyncio.wait([done])  # the thread still uses the calculator
            return None if done.cancelled() else done.result()

    def attempt(self, cx: BufferedContext) -> BaseException | None:
        """One call on a thread; returns what it raised."""
        try:
            if self.process(cx) is not None:
                raise returned_something(self.calculator)
        except BaseException as error:  # returned, as the caller's docstring says
            return error
        return None

    async def collect(self) -> None:
        """Waits for the oldest call, or for an input set that another call could take meanwhile."""
        cx, call = self.calls[0]
        if not call.done():
            self.news = asyncio.get_running_loop().create_future()
            self.queued = False
            either: list[Future[Any]] = [call, self.news]
            try:
                await asyncio.wait(either, return_when=FIRST_COMPLETED)
            finally:
                self.news = None
                self.queued = True
            if not call.done():
                return
        self.calls.popleft()
        self.cx.ts = cx.ts  # errors name the timestamp of their call
        error = call.result()
        if error is None:
            cx.flush()
        elif self.is_cancelled(error) or not self.drops_error(error):
            raise error
        self.settle_behind()

    def settle_behind(self) -> None:
        """Settles the outputs up to the earliest call still under way."""
        bound = self.policy.bound()
        if self.calls:
            bound = min(bound, *(cx.ts for cx, _ in self.calls))  # not every policy ascends
        if bound < ONE_OVER_POST_STREAM:  # else close comes next, and may still send
            following = self.publish_bounds(bound)
            if following is not None:
                self.core.ready.append(following)
        self.core.turn()

    async def cancel_calls(self) -> list[tuple[int, BaseException]]:
        """Cancels the calls that are left, and waits until none uses the calculator any more.

        Returns what they raised all the same, by timestamp.
        """
        calls = list(self.calls)
        for _, call in calls:
            call.cancel()
        if calls:
            await asyncio.wait([call for _, call in calls])
        self.calls.clear()
        ended = [(cx.ts, call.exception() or call.result()) for cx, call in calls if not call.cancelled()]
        return [
            (ts, error)
            for ts, error in ended
            if error is not None and not isinstance(error, CancelledError | Abandoned)
        ]
