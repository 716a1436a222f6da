"""Why a run does not move: which packet waits, for which input, and which node owes it."""

from __future__ import annotations

from collections.abc import Mapping

from ovpipe.runtime.watching.snapshot import InputSnapshot, RunSnapshot, RunState, StreamSnapshot, Wait
from ovpipe.timestamp import UNSET, UNSTARTED, Timestamp


def explain_stall(snapshot: RunSnapshot) -> str:
    """One sentence for each node that has yet to end, with its place in the graph's file."""
    if snapshot.state is RunState.NOT_STARTED:
        return f"the run has not started: the first send or read starts it, or run.start() ({snapshot.file})"
    places = {node.name: node.place for node in snapshot.nodes}
    return "; ".join(reason_of(wait, places) for wait in snapshot.waits) or "every node has ended"


def reason_of(wait: Wait, places: Mapping[str, str]) -> str:
    """What a node waits for; `places` are those of all nodes."""
    where = f"{wait.node.place}: node {wait.node.name!r}"
    if wait.room is not None:
        return f"{where} waits for room in stream {wait.room.stream!r} ({full_queues(wait.room)})"
    if wait.call_at is not None:
        return f"{where} is in {call_at(wait.call_at)} that has not ended"
    if wait.owed is None:
        return f"{where} is at work"
    held = ", ".join(
        f"{entry.queued} packets from {Timestamp.of_raw(entry.oldest)} on {entry.port!r}"
        for entry in wait.held
        if entry.oldest is not None
    )
    what = f" with {held}" if held else ""
    return f"{where}{what} waits for input {wait.owed.port!r}: {debt_of(wait.owed, places)}"


def call_at(ts: int) -> str:
    """A call by its timestamp, of which open and close have none."""
    if ts in (UNSTARTED, UNSET):
        return "an open" if ts == UNSTARTED else "a close"
    return f"a call at {Timestamp.of_raw(ts)}"


def debt_of(owed: InputSnapshot, places: Mapping[str, str]) -> str:
    """Who owes an input, and how far it is settled."""
    name = owed.producer
    owner = f"node {name!r} ({places[name]})" if name is not None else "who feeds the graph"
    if owed.bound < 0 and Timestamp.of_raw(owed.bound).is_special:
        return f"{owner} has sent nothing on stream {owed.stream!r} yet"
    return f"{owner} has settled stream {owed.stream!r} only below {Timestamp.of_raw(owed.bound)}"


def full_queues(stream: StreamSnapshot) -> str:
    """How full the queues behind a stream are."""
    return ", ".join(
        f"{queue.queued} of {queue.limit} before {queue.reader}" for queue in stream.queues if queue.full
    )
