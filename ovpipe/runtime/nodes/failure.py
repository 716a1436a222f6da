"""Errors of nodes, with everything that says where they happened."""

from __future__ import annotations

from inspect import isawaitable, iscoroutine

from ovpipe.calculator import Calculator
from ovpipe.errors import RunError, TimestampError
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
    if isinstance(error, TimestampError) and not policy.ascending:
        message += f" (input policy {policy.name!r} does not process in the order of timestamps)"
    return run_error(message, node.name, phase, ts, node.place, error)


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
