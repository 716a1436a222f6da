"""Why a run does not move: which packet waits, for which input, and which node owes it."""

from __future__ import annotations

from collections.abc import Iterable

from ovpipe.runtime.core.core_node import CoreNode
from ovpipe.runtime.core.input_queue import InputQueue
from ovpipe.runtime.core.stream import Stream
from ovpipe.timestamp import ONE_OVER_POST_STREAM, UNSET, UNSTARTED, Timestamp


def explain_stall(nodes: Iterable[CoreNode]) -> str:
    """One sentence for each node that has yet to end, with its place in the graph's file."""
    reasons = [reason for node in nodes if unended(node) for reason in reasons_of(node)]
    return "; ".join(reasons) if reasons else "every node has ended"


def explain_deadlock(nodes: Iterable[CoreNode], stream: Stream, *, report: bool) -> str:
    """Which queue is full, who reads from it, and what everybody waits for."""
    how = "is full with" if report else "has grown to"
    return (
        f"deadlock: the queue of stream {stream.name!r} before {held_up_before(stream)} {how} {stream.limit} "
        "packets and nothing else can move; an input beside it never settles, "
        f"or max_queue_size is too small: {explain_stall(nodes)}"
    )


def held_up_before(stream: Stream) -> str:
    """The nodes that read from full queues of a stream."""
    return ", ".join(
        consumer.name
        for consumer, queue, limit in stream.consumers
        if not consumer.outside and len(queue) >= limit
    )


def unended(node: CoreNode) -> bool:
    """Whether a run waits for this node: one that closes counts as closed while its close still awaits."""
    return not node.closed or node.calling is not None


def call_at(ts: int) -> str:
    """A call by its timestamp, of which open and close have none."""
    if ts in (UNSTARTED, UNSET):
        return "an open" if ts == UNSTARTED else "a close"
    return f"a call at {Timestamp.of_raw(ts)}"


def reasons_of(node: CoreNode) -> list[str]:
    """What a node waits for."""
    where = f"{node.place}: node {node.name!r}"
    full = [stream for stream in node.outs if stream.full]
    if full:
        return [f"{where} waits for room in stream {stream.name!r} ({queues_of(stream)})" for stream in full]
    if node.calling is not None:
        return [f"{where} is in {call_at(node.calling)} that has not ended"]
    owed = [entry for entry in node.inputs if not entry.queue and entry.source.bound < ONE_OVER_POST_STREAM]
    if not owed:
        return [f"{where} is at work"]
    waiting = [entry for entry in node.inputs if entry.queue]
    what = ", ".join(
        f"{len(entry.queue)} packets from {Timestamp.of_raw(entry.queue[0][0])} on {entry.port.name!r}"
        for entry in waiting
    )
    held = f" with {what}" if what else ""
    return [f"{where}{held} waits for input {entry.port.name!r}: {debt_of(entry)}" for entry in owed]


def debt_of(entry: InputQueue) -> str:
    """Who owes an input, and how far it is settled."""
    stream = entry.source
    node = stream.producer
    owner = f"node {node.name!r} ({node.place})" if node is not None else "who feeds the graph"
    if stream.bound < 0 and Timestamp.of_raw(stream.bound).is_special:
        return f"{owner} has sent nothing on stream {stream.name!r} yet"
    return f"{owner} has settled stream {stream.name!r} only below {Timestamp.of_raw(stream.bound)}"


def queues_of(stream: Stream) -> str:
    """How full the queues behind a stream are."""
    return ", ".join(
        f"{len(queue)} of {limit} before {consumer.name}"
        for consumer, queue, limit in stream.consumers
        if len(queue) >= limit
    )
