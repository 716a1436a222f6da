"""Observers: functions that see every packet of a stream."""

from __future__ import annotations

from collections.abc import Callable
from inspect import (
    CO_ASYNC_GENERATOR,
    CO_COROUTINE,
    CO_ITERABLE_COROUTINE,
    isasyncgenfunction,
    isawaitable,
    iscoroutine,
    iscoroutinefunction,
)
from types import BuiltinFunctionType
from typing import Any

from ovpipe.packet import Packet
from ovpipe.runtime.core.consumer import Append, Item
from ovpipe.runtime.core.core import Core
from ovpipe.runtime.core.stream import Stream
from ovpipe.timestamp import Timestamp

ASYNC = CO_COROUTINE | CO_ASYNC_GENERATOR | CO_ITERABLE_COROUTINE
AWAIT_ELSEWHERE = "read the stream with run.read() in a task of your own, where you can await"


def observer_of(callback: Callable[[Packet[Any]], object], stream: Stream, core: Core) -> Append:
    """What calls a function with a stream's packets. An exception of it ends the run, of whatever class."""
    refuse_async(callback, f"an observer of stream {stream.name!r}", AWAIT_ELSEWHERE)

    def look(item: Item) -> None:
        try:
            result = callback(Packet(item[1], Timestamp.of_raw(item[0])))
            if result is not None:
                refuse_awaitable(result)
        except BaseException as error:  # of whatever class, as said above
            message = f"an observer of stream {stream.name!r} failed: {type(error).__name__}: {error}"
            core.record(message, f"observer of {stream.name}", "observe", item[0], core.file, error)

    return look


def refuse_async(callback: Callable[..., object], what: str, remedy: str) -> None:
    """Raises TypeError for a function whose calls would have to be awaited: nobody does."""
    code = getattr(callback, "__code__", None)  # of a function or a method; every run asks for its observers
    if (code is not None and not code.co_flags & ASYNC) or type(callback) is BuiltinFunctionType:
        return
    call = type(callback).__call__  # of an object that is no function
    if any(iscoroutinefunction(one) or isasyncgenfunction(one) for one in (callback, call)):
        name = getattr(callback, "__qualname__", type(callback).__qualname__)
        raise TypeError(f"{what} is called and not awaited, but {name} is async; make it plain, or {remedy}")


def refuse_awaitable(result: object) -> None:
    """Raises TypeError for the result of an observer that is async, though it does not look so."""
    if isawaitable(result):
        if iscoroutine(result):
            result.close()  # else Python warns of it, without a place
        raise TypeError(f"it returned what nobody awaits; make it plain, or {AWAIT_ELSEWHERE}")
