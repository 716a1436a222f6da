"""A calculator's calls, timed: each stays the kind of function it was."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing, closing
from inspect import isasyncgenfunction, iscoroutinefunction, isgeneratorfunction
from time import perf_counter_ns
from typing import Any

Begin = Callable[[Any], int]
"""Looks at the queues before a call; what it returns is handed to `End`."""

End = Callable[[Any, int, int], None]
"""Called with the call's context, when it began in nanoseconds, and what `Begin` had seen."""


def timed(call: Callable[[Any], Any], begin: Begin, end: End) -> Callable[[Any], Any]:
    """The call with a look before and after it. Of a generator each step is timed by itself."""
    if isasyncgenfunction(call):
        return timed_async_steps(call, begin, end)
    if isgeneratorfunction(call):
        return timed_steps(call, begin, end)
    if iscoroutinefunction(call):

        async def awaited(cx: Any) -> Any:
            seen = begin(cx)
            began = perf_counter_ns()
            try:
                return await call(cx)
            finally:
                end(cx, began, seen)

        return awaited

    def plain(cx: Any) -> Any:
        seen = begin(cx)
        began = perf_counter_ns()
        try:
            return call(cx)
        finally:
            end(cx, began, seen)

    return plain


def timed_steps(call: Callable[[Any], Any], begin: Begin, end: End) -> Callable[[Any], Any]:
    """A generator of a source."""

    def steps(cx: Any) -> Iterator[None]:
        with closing(call(cx)) as generator:
            while True:
                seen = begin(cx)
                began = perf_counter_ns()
                try:
                    next(generator)
                except StopIteration:
                    return
                finally:
                    end(cx, began, seen)
                yield

    return steps


def timed_async_steps(call: Callable[[Any], Any], begin: Begin, end: End) -> Callable[[Any], Any]:
    """An async generator of a source."""

    async def steps(cx: Any) -> AsyncIterator[None]:
        async with aclosing(call(cx)) as generator:
            while True:
                seen = begin(cx)
                began = perf_counter_ns()
                try:
                    await anext(generator)
                except StopAsyncIteration:
                    return
                finally:
                    end(cx, began, seen)
                yield

    return steps
