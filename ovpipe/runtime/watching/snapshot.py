"""RunSnapshot: a run at one moment, as a value that can be kept, written down and read again.

Timestamps are raw integers, as inside the runtime. Times are seconds of `time.perf_counter`.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from ovpipe.timestamp import ONE_OVER_POST_STREAM


class NodeState(enum.StrEnum):
    """What a node is about."""

    NOT_OPENED = "not opened"
    WAITING = "waiting"
    READY = "ready"
    IN_CALL = "in a call"
    CLOSED = "closed"


class RunState(enum.StrEnum):
    """How far a run is."""

    NOT_STARTED = "not started"
    RUNNING = "running"
    STOPPING = "stopping"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class QueueSnapshot:
    """A queue before one who reads a stream."""

    reader: str
    queued: int
    limit: int | None
    """How many packets make it full; None: it is never full."""

    @property
    def full(self) -> bool:
        """Whether it holds its stream's producer up."""
        return self.limit is not None and self.queued >= self.limit


@dataclass(frozen=True, slots=True)
class StreamSnapshot:
    """A stream from the side of who writes it."""

    stream: str
    bound: int
    """Nothing earlier than this comes any more."""
    full: bool
    full_since: float | None
    """None where it is not full, or nobody watched the run when it became so."""
    abandoned: bool
    """Whether all who read it are done with it."""
    queues: tuple[QueueSnapshot, ...]

    @property
    def closed(self) -> bool:
        """Whether nothing more comes."""
        return self.bound >= ONE_OVER_POST_STREAM


@dataclass(frozen=True, slots=True)
class InputSnapshot:
    """One input of a node."""

    port: str
    stream: str
    producer: str | None
    """The node that writes the stream; None: who feeds the graph."""
    queued: int
    oldest: int | None
    """The timestamp of the first packet that waits."""
    limit: int | None
    bound: int
    """Nothing earlier than this comes any more."""

    @property
    def owed(self) -> bool:
        """Whether nothing waits here, and something may still come."""
        return self.queued == 0 and self.bound < ONE_OVER_POST_STREAM


@dataclass(frozen=True, slots=True)
class NodeSnapshot:
    """One node of a run."""

    name: str
    place: str
    calculator: str
    state: NodeState
    call_at: int | None
    """The timestamp of the oldest call under way."""
    call_since: float | None
    """When it began; None where there is no call, or nobody watched the run when it began."""
    inputs: tuple[InputSnapshot, ...]
    outputs: tuple[StreamSnapshot, ...]


@dataclass(frozen=True, slots=True)
class Wait:
    """What a node waits for: room in an output, the end of its call, or an input that somebody owes.

    With none of the three it waits for its turn.
    """

    node: NodeSnapshot
    room: StreamSnapshot | None = None
    call_at: int | None = None
    owed: InputSnapshot | None = None
    since: float | None = None

    @property
    def held(self) -> tuple[InputSnapshot, ...]:
        """The inputs whose packets wait meanwhile."""
        return tuple(entry for entry in self.node.inputs if entry.queued)


@dataclass(frozen=True, slots=True)
class RunSnapshot:
    """A run: its nodes in the order of the graph, and the graph's inputs."""

    id: str
    graph: str
    file: str
    state: RunState
    failure: str | None
    """The error that stopped it."""
    cancelled: bool
    started: float | None
    """When its nodes were opened."""
    taken: float
    """When this snapshot was taken."""
    turns: int
    """A count that moves whenever anything in the run does; so do the bounds of its streams."""
    calls: int
    """Async calls and calls on threads that do not wait for room."""
    inputs: tuple[StreamSnapshot, ...]
    nodes: tuple[NodeSnapshot, ...]

    @property
    def waits(self) -> tuple[Wait, ...]:
        """What each node waits for that has yet to end; one that waits for several things has several."""
        return tuple(
            wait for node in self.nodes if node.state is not NodeState.CLOSED for wait in waits_of(node)
        )


def waits_of(node: NodeSnapshot) -> list[Wait]:
    """What a node waits for. Room comes first: a call may be waiting for it."""
    full = [Wait(node, room=stream, since=stream.full_since) for stream in node.outputs if stream.full]
    if full:
        return full
    if node.call_at is not None:
        return [Wait(node, call_at=node.call_at, since=node.call_since)]
    return [Wait(node, owed=entry) for entry in node.inputs if entry.owed] or [Wait(node)]
