"""Taking a snapshot: what a run's core has at this moment, as values."""

from __future__ import annotations

from collections.abc import Iterable
from time import perf_counter

from ovpipe.runtime.core.core import Core
from ovpipe.runtime.core.core_node import CoreNode
from ovpipe.runtime.core.input_queue import InputQueue
from ovpipe.runtime.core.stream import UNBOUNDED, Stream
from ovpipe.runtime.core.watch import CoreWatch
from ovpipe.runtime.watching.snapshot import (
    InputSnapshot,
    NodeSnapshot,
    NodeState,
    QueueSnapshot,
    RunSnapshot,
    RunState,
    StreamSnapshot,
)


def snapshot_of(
    core: Core, inputs: Iterable[Stream], id: str, graph: str, state: RunState, started: float | None
) -> RunSnapshot:
    """A run at this moment; `inputs` are the graph's."""
    failure = core.failure()
    return RunSnapshot(
        id=id,
        graph=graph,
        file=core.file,
        state=state,
        failure=None if failure is None else str(failure),
        cancelled=core.cancelled,
        started=started,
        taken=perf_counter(),
        turns=core.turns,
        calls=core.busy,
        inputs=streams_of(inputs, core.watch),
        nodes=tuple(node_snapshot(node, core) for node in core.nodes),
    )


def state_of_run(core: Core, started: bool, over: bool) -> RunState:
    """How far a run is."""
    if not started:
        return RunState.NOT_STARTED
    if over:
        return RunState.ENDED
    return RunState.STOPPING if core.stopping else RunState.RUNNING


def node_snapshot(node: CoreNode, core: Core) -> NodeSnapshot:
    """One node; outputs that the graph leaves unwired are not in it."""
    watch = core.watch
    return NodeSnapshot(
        name=node.name,
        place=node.place,
        calculator=type(node.calculator).__name__,
        state=state_of(node),
        call_at=node.calling,
        call_since=None if watch is None or node.calling is None else watch.call_since(node),
        inputs=tuple(input_snapshot(entry) for entry in node.inputs),
        outputs=streams_of((stream for stream in node.outs if stream in core.streams), watch),
    )


def state_of(node: CoreNode) -> NodeState:
    """What a node is about. While an async close awaits, the node is in a call."""
    if node.calling is not None:
        return NodeState.IN_CALL
    if node.closed:
        return NodeState.CLOSED
    if not node.opened:
        return NodeState.NOT_OPENED
    return NodeState.READY if node.queued else NodeState.WAITING


def streams_of(streams: Iterable[Stream], watch: CoreWatch | None) -> tuple[StreamSnapshot, ...]:
    """Streams, with the queues of all who read them."""
    return tuple(
        StreamSnapshot(
            stream=stream.name,
            bound=stream.bound,
            full=stream.full,
            full_since=None if watch is None or not stream.full else watch.full_since(stream),
            abandoned=stream.abandoned,
            queues=tuple(
                QueueSnapshot(consumer.name, len(queue), bounded(limit))
                for consumer, queue, limit in stream.consumers
            ),
        )
        for stream in streams
    )


def input_snapshot(entry: InputQueue) -> InputSnapshot:
    """One input of a node."""
    stream = entry.source
    limits = [limit for _, queue, limit in stream.consumers if queue is entry.queue]
    return InputSnapshot(
        port=entry.port.name,
        stream=stream.name,
        producer=None if stream.producer is None else stream.producer.name,
        queued=len(entry.queue),
        oldest=entry.queue[0][0] if entry.queue else None,
        limit=bounded(limits[0]) if limits else None,
        bound=stream.bound,
    )


def bounded(limit: int) -> int | None:
    """A queue's limit, None for one that is never full."""
    return None if limit == UNBOUNDED else limit
