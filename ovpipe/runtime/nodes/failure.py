"""Errors of nodes, with everything that says where they happened."""

from __future__ import annotations

from collections.abc import Iterator
from inspect import isawaitable, iscoroutine

from ovpipe.calculator import Calculator
from ovpipe.errors import RunError, TimestampError
from ovpipe.graph.types import fits, names_of
from ovpipe.runtime.core.failure import run_error, shown
from ovpipe.runtime.nodes.context import NodeContext
from ovpipe.runtime.policies import InputPolicy


def failure_of(
    cx: NodeContext, calculator: Calculator, policy: InputPolicy, phase: str, error: BaseException
) -> RunError:
    """The error of a node's call."""
    ts = cx.ts
    node = cx.node
    message = (
        f"{node.place}: node {node.name!r} ({type(calculator).__name__}) failed in {phase} "
        f"at timestamp {shown(ts)}: {type(error).__name__}: {error}"
    )
    for stranger in strangers(cx) if phase == "process" else ():
        message += f"; {stranger}"
        error.add_note(stranger)  # the log has the traceback of the cause
    if isinstance(error, TimestampError) and not policy.ascending:
        message += f" (input policy {policy.name!r} does not process in the order of timestamps)"
    return run_error(message, node.name, phase, ts, node.place, error)


def strangers(cx: NodeContext) -> Iterator[str]:
    """What a node that failed was given in place of what its inputs take, and by whom.

    Nobody looks at types on a packet's way; a failure is the time to.
    """
    for entry in cx.node.inputs:
        port = entry.port
        if port in cx and not fits(type(cx[port]), port.type):
            producer = entry.source.producer
            sender = (
                "who feeds the graph" if producer is None else f"node {producer.name!r} ({producer.place})"
            )
            given, due = names_of(type(cx[port]), port.type)
            yield f"input {port.name!r} of {cx.node.name!r} had a {given}, not a {due}, from {sender}"


def check_nothing(result: object, calculator: Calculator, phase: str) -> None:
    """Raises TypeError for what a plain `open` or `close` returned, if somebody should await it."""
    if isawaitable(result):
        if iscoroutine(result):
            result.close()  # else Python warns of it, without a place
        raise TypeError(
            f"{type(calculator).__name__}.{phase} returned what nobody awaits; "
            f"one that awaits is written `async def {phase}`"
        )


def returned_something(calculator: Calculator) -> TypeError:
    """The error of a plain `process` that returns a value, most often a coroutine nobody would await."""
    return TypeError(
        f"{type(calculator).__name__}.process returned a value; outputs are sent with cx.send, "
        "and a process that awaits is written `async def process`"
    )
