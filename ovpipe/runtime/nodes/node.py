"""Node: one calculator at work in one run."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Any

from ovpipe.calculator import Calculator
from ovpipe.errors import Abandoned, PortError, RunError, is_interrupt
from ovpipe.ports import Input
from ovpipe.runtime.core.back_pressure import mark_full, relieve
from ovpipe.runtime.core.core import Core
from ovpipe.runtime.core.keys import give_up
from ovpipe.runtime.core.stream import Stream, closed_stream
from ovpipe.runtime.core.timestamp_offset import offset_bound
from ovpipe.runtime.nodes.context import NodeContext
from ovpipe.runtime.nodes.failure import check_nothing, failure_of, returned_something
from ovpipe.runtime.nodes.node_blueprint import NodeBlueprint
from ovpipe.runtime.nodes.wires import inputs_of, outputs_of
from ovpipe.timestamp import DONE, ONE_OVER_POST_STREAM, UNSET, UNSTARTED

DRAIN_LIMIT = 16
"""Packets a node processes before the others get their turn."""


class Node:
    """A calculator with its queues, its context and its place in the run.

    The run schedules a node when there is news on an input, or room on an output; `queued` is true from
    then until the node has looked. `drain` processes what is ready, at most DRAIN_LIMIT input sets and never
    more than fit into the outputs, then publishes their bounds once for the whole batch. It returns the first
    node with a single input that was woken by this, for the pump to go on with, so that packets run
    through a chain without passing through the run's ready list.
    """

    __slots__ = (
        "calculator",
        "closed",
        "core",
        "cx",
        "inputs",
        "name",
        "offset",
        "opened",
        "outs",
        "plan",
        "policy",
        "process",
        "queued",
        "room",
    )

    context: type[NodeContext] = NodeContext
    outside = False

    def __init__(
        self,
        core: Core,
        plan: NodeBlueprint,
        calculator: Calculator,
        streams: list[Stream],
        side_packets: Mapping[str, Any],
    ) -> None:
        self.core = core
        self.plan = plan
        self.name = plan.name
        self.calculator = calculator
        self.process: Callable[[NodeContext], Any] = calculator.process
        self.offset = plan.offset
        self.queued = self.opened = self.closed = False
        self.room = DRAIN_LIMIT
        self.inputs = inputs = inputs_of(plan, streams)
        self.policy = plan.policy(inputs)
        for entry in inputs:
            entry.source.attach(self, entry.queue, bounded=entry.bounded and not entry.back_edge)
        outs = outputs_of(plan, streams)
        for stream in outs.values():
            stream.producer = self
        outs.node = self
        self.outs = list(outs.values())
        self.cx = cx = self.context()
        for side_port, name in plan.side_inputs:
            if name in side_packets:  # an optional one may not have been given
                cx[side_port] = side_packets[name]
        cx.node = self
        cx.outs = outs
        cx.ts = UNSTARTED

    # --- life

    def open(self) -> None:
        """Opens the calculator, before the first packet."""
        call: Callable[[NodeContext], Any] = self.calculator.open
        if self.core.watch is not None:
            call = self.core.watch.around(self, "open", call)
        try:
            check_nothing(call(self.cx), self.calculator, "open")
        except BaseException as error:  # a SystemExit, too: one calculator is not the process
            self.fail("open", error)
        else:
            self.opened = True
            for stream in self.outs:
                if stream.bound != stream.published_bound:  # most calculators send nothing in open
                    following = self.publish_bounds(UNSET)
                    if following is not None:
                        self.core.ready.append(following)
                    return

    def drain(self) -> Node | None:
        """Processes what is ready; returns a node that has news now."""
        raise NotImplementedError

    def finish(self) -> None:
        """Closes the calculator, once and only if it was opened, and settles its outputs for ever."""
        if self.closed:
            return
        self.closed = True
        if self.opened and self.plan.closes:
            self.empty_context()
            try:
                closing = self.watched("close", self.calculator.close)(self.cx)
                check_nothing(closing, self.calculator, "close")
            except Abandoned:
                pass  # nobody reads what close had to say
            except BaseException as error:  # a SystemExit, too, as in open
                self.fail("close", error)
        self.ended()

    def watched(self, phase: str, call: Callable[[NodeContext], Any]) -> Callable[[NodeContext], Any]:
        """A calculator's `open` or `close`, with a look before and after it where the run is watched."""
        watch = self.core.watch
        return call if watch is None else watch.around(self, phase, call)

    def empty_context(self) -> None:
        """Before close: inputs are empty and there is no timestamp."""
        self.policy.clear(self.cx)
        self.cx.ts = UNSET

    def ended(self) -> None:
        """The calculator is closed: nothing more comes from it, and it needs nothing more."""
        if not self.core.stopping:
            for entry in self.inputs:
                if entry.queue or entry.source.bound < ONE_OVER_POST_STREAM:
                    self.done(entry.port)  # the input policy ended the node before all its inputs
        for stream in self.outs:
            stream.bound = DONE
        self.core.node_ended()

    def interrupt(self) -> None:
        """The run stops: a plain call is never in flight, so there is nothing to break off."""

    def release(self) -> None:
        """Lets go of everything that refers back to the run, which has ended."""
        del self.core, self.cx.node, self.cx.outs, self.process
        self.inputs.clear()
        self.outs.clear()

    # --- after a drain

    def forward(self) -> Node | None:
        """Reports room to the streams above, and publishes the bounds of those below."""
        self.queued = False
        for entry in self.inputs:
            if entry.source.full:
                relieve(self.core, entry.source)
        bound = self.policy.bound()
        if bound >= ONE_OVER_POST_STREAM and not self.closed:
            self.finish()
            if not self.closed:
                return None  # an async close has begun; what it still sends comes before the end
        return self.publish_bounds(bound)

    def publish_bounds(self, bound: int) -> Node | None:
        """Raises the outputs' bounds and schedules who reads them; the first node is handed back."""
        offset = self.offset
        if offset != 0 and bound < ONE_OVER_POST_STREAM:
            bound = UNSET if offset is None else offset_bound(bound, offset)
        core = self.core
        following: Node | None = None
        room = DRAIN_LIMIT
        for stream in self.outs:
            if bound > stream.bound:
                stream.bound = bound
            if stream.bound == stream.published_bound:
                room = 0 if stream.full else min(room, stream.room())
                continue
            stream.published_bound = stream.bound
            for consumer, queue, limit in stream.consumers:
                if not consumer.queued:
                    consumer.queued = True
                    if following is None and isinstance(consumer, SingleInputNode):
                        following = consumer  # not a join: it would look again after each node before it
                    else:
                        core.ready.append(consumer)
                left = limit - len(queue)
                if left < room:
                    room = left
                if left <= 0:  # each full stream, or its consumer would not say that it has room again
                    mark_full(core, stream)
        self.room = room
        return following

    def drops_error(self, error: BaseException) -> bool:
        """Whether a failed call costs its timestamp only (`on_error: drop`); then the error is reported."""
        if self.plan.on_error != "drop" or isinstance(error, Abandoned) or is_interrupt(error):
            return False
        self.core.on_drop(self.failure("process", error))
        return True

    def fail(self, phase: str, error: BaseException) -> None:
        """Ends the run with an error of this node."""
        self.core.fail(self.failure(phase, error))

    def failure(self, phase: str, error: BaseException) -> RunError:
        """An error of this node, with its place."""
        return failure_of(self.cx, self.calculator, self.policy, phase, error)

    # --- from other rooms

    @property
    def place(self) -> str:
        """file:line of the node in its graph."""
        return self.plan.place

    def room_below(self) -> int:
        """How many packets may be processed before an output is full, if each sends one."""
        return min([DRAIN_LIMIT, *(stream.room() for stream in self.outs)])

    def stop(self) -> None:
        """`cx.stop` of a node that is no source."""
        raise PortError(f"{self.name} is no source; a node with inputs says cx.done(input)")

    def has_room(self) -> None:
        """An output that was full is not any more."""
        self.room = self.room_below()
        if self.room > 0 and not self.queued and not self.closed:
            self.queued = True
            self.core.ready.append(self)

    async def drained(self) -> None:
        """`cx.drain` of a node whose calls are plain: it cannot wait."""
        raise RuntimeError(f"{self.name}: only an async call can wait for room with cx.drain()")

    def done(self, port: Input[Any]) -> bool:
        """Gives up an input: what waits is dropped, nothing more comes, and its producer may end.

        Returns whether the input is wired.
        """
        for entry in self.inputs:
            if entry.port is port:
                source, entry.source = entry.source, closed_stream()
                entry.queue.clear()
                self.core.lose_consumer(source, entry.queue)
                if not self.opened and not self.queued:  # said in open: nothing else would look at the node
                    self.queued = True
                    self.core.ready.append(self)
                return True
        return False

    def done_with(self, port: Input[Any], key: Hashable) -> bool:
        """Needs no more packets of a key; returns whether the input is wired."""
        for entry in self.inputs:
            if entry.port is port:
                give_up(entry.source, entry.queue, key)
                return True
        return False

    def abandon(self) -> Node | None:
        """Ends the node cleanly because nobody reads it: it is done with all its inputs and closes."""
        for entry in self.inputs:
            self.done(entry.port)
        return self.forward()

    @property
    def calling(self) -> int | None:
        """The timestamp of the oldest call under way; a plain one has always ended when anybody asks."""
        return None

    @property
    def progress_outside(self) -> int:
        """What the call under way follows: nothing."""
        return 0

    def follow_progress(self, count: Callable[[], int]) -> None:
        """`cx.follow_progress`, which is of no use to a call that does not await."""

    @property
    def unread(self) -> bool:
        """Whether every output that was ever read has lost its last consumer."""
        return all(stream.abandoned for stream in self.outs if stream.consumers or stream.abandoned)

    def lost_consumer(self) -> Node | None:
        """An output lost its last consumer: a node between packets ends now if nothing else reads it."""
        return self.abandon() if self.unread and not self.closed else None


class SingleInputNode(Node):
    """A node with one input: packets are processed as they came; there is nothing to wait for."""

    __slots__ = ("port", "queue")

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.port = self.inputs[0].port
        self.queue = self.inputs[0].queue

    def drain(self) -> Node | None:
        queue, cx, port, process = self.queue, self.cx, self.port, self.process
        pop = queue.popleft
        left = self.room
        try:
            while queue and left > 0:
                cx.ts, cx[port] = pop()
                if process(cx) is not None:
                    raise returned_something(self.calculator)
                left -= 1
        except Abandoned:
            return self.abandon()
        except BaseException as error:  # a SystemExit, too: one calculator is not the process
            self.fail("process", error)
            return None
        cx.pop(port, None)
        following = self.forward()
        if queue and self.room > 0:
            self.queued = True
            self.core.ready.append(self)
        return following
