"""Sources: calculators without input streams, which say by themselves what comes and when it ends."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from inspect import isasyncgenfunction, isgeneratorfunction
from typing import Any

from ovpipe.errors import Abandoned
from ovpipe.runtime.nodes.async_node import AsyncNode, is_dropped
from ovpipe.runtime.nodes.context import NodeContext
from ovpipe.runtime.nodes.failure import returned_something
from ovpipe.runtime.nodes.node import Node
from ovpipe.timestamp import DONE, UNSET

END = object()
"""What stands for the end of a generator."""


class SourceNode(Node):
    """Runs one step at a time, when nothing else in the run can move and there is room below.

    A step is one call of `process`, or what a `process` that is a generator does up to its next `yield`.
    The source ends when the generator does, when `cx.stop()` was called, when nobody reads it any more,
    or when the run closes its sources.
    """

    __slots__ = ("steps", "stopped")

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.stopped = False
        self.steps: Generator[None, None, None] | None = None
        if isgeneratorfunction(self.calculator.process):
            self.steps = self.calculator.process(self.cx)
            self.process = self.next_step

    @property
    def waiting(self) -> bool:
        """Whether a step could be taken now."""
        return self.opened and not self.closed and self.room > 0

    def drain(self) -> Node | None:
        """Takes one step, or none when there is no room."""
        self.queued = False
        if not self.waiting:
            return None
        self.cx.ts = 0
        try:
            if self.process(self.cx) is not None:
                raise returned_something(self.calculator)
        except Abandoned:
            self.stopped = True
        except BaseException as error:  # a SystemExit, too: one calculator is not the process
            self.fail("process", error)
            return None
        if self.stopped:
            return self.end()
        return self.publish_bounds(UNSET)

    def next_step(self, cx: NodeContext) -> None:
        """What the generator does up to its next `yield`, as one call of `process`."""
        if self.steps is not None and next(self.steps, END) is END:
            self.stopped = True

    def stop(self) -> None:
        """No more steps after this one."""
        self.stopped = True

    def finish(self) -> None:
        """Ends the generator, where there is one, and closes."""
        if self.steps is not None and not self.closed:
            try:
                self.steps.close()
            except Abandoned:
                pass  # nobody reads what it had to say
            except BaseException as error:  # its `finally` may raise anything
                self.fail("process", error)
        super().finish()

    def end(self) -> Node | None:
        """Closes now, and settles the outputs."""
        self.finish()
        return self.publish_bounds(DONE)

    def abandon(self) -> Node | None:
        """Ends the source cleanly because nobody reads it."""
        return self.end()

    def has_room(self) -> None:
        """An output that was full is not any more; the run takes up its sources by itself."""
        self.room = self.room_below()


class AsyncSourceNode(AsyncNode):
    """A source whose `process` awaits: a coroutine called again and again, or an async generator.

    It waits for room below before each step, and runs beside everything else.
    """

    __slots__ = ("stepping", "steps", "stopped")

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.stopped = self.stepping = False
        self.steps: AsyncGenerator[None, None] | None = None
        if isasyncgenfunction(self.calculator.process):
            self.steps = self.calculator.process(self.cx)
            self.process = self.next_step

    @property
    def waiting(self) -> bool:
        """Whether it has yet to be started."""
        return self.task is None and not self.closed and not self.queued

    def open(self) -> None:
        """Opens now when `open` is plain, else as the first thing its task does."""
        if not self.plan.opens_async:
            super().open()

    def drain(self) -> None:
        """Starts the task, which is the source's whole life."""
        if self.task is None and not self.closed:
            self.start()

    async def work_on_inputs(self) -> None:
        """Steps until the end."""
        self.cx.ts = 0
        try:
            while not self.core.stopping and not self.stopped:
                await self.drained()
                self.stepping = True
                await self.process(self.cx)
                self.stepping = False
                self.policy.clear(self.cx)  # there is no input: it is how a listener hears of the step's end
        finally:
            if self.steps is not None and not is_dropped(self.task):
                await self.steps.aclose()

    async def next_step(self, cx: NodeContext) -> None:
        """What the async generator does up to its next `yield`, as one call of `process`."""
        if self.steps is not None and await anext(self.steps, END) is END:
            self.stopped = True

    def stop(self) -> None:
        """No more steps after this one."""
        self.stopped = True

    def end(self) -> Node | None:
        """Closes a source that was not started, and settles the outputs."""
        self.finish()
        return self.publish_bounds(DONE)
