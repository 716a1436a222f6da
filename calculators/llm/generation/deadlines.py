"""TokenDeadlines: how long a request waits for its first token, and for each next one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Callable
from typing import TypeVar

from ovpipe.errors import RequestError

T = TypeVar("T")


class TokenDeadlines:
    """Seconds that an engine may take for the first token of a request, and from one token to the next.

    None: no limit. Time in which nobody asks for a token, as when a client reads slowly, does not count.
    """

    def __init__(self, first: float | None, between: float | None) -> None:
        for name, seconds in (("first_token_seconds", first), ("between_tokens_seconds", between)):
            if seconds is not None and not seconds > 0:
                raise ValueError(f"{name} is {seconds:g}; it is in seconds and above 0, or null")
        self._first = first
        self._between = between

    def watch(self, arrivals: AsyncIterable[T], brings_tokens: Callable[[T], bool]) -> AsyncIterable[T]:
        """The same arrivals; raises RequestError 503 when a token does not arrive in time."""
        if self._first is None and self._between is None:
            return arrivals
        return self._watched(arrivals, brings_tokens)

    async def _watched(
        self, arrivals: AsyncIterable[T], brings_tokens: Callable[[T], bool]
    ) -> AsyncIterator[T]:
        loop = asyncio.get_running_loop()
        coming = aiter(arrivals)
        error = _too_late("first token", "first_token_timeout")
        left = self._first
        while True:
            asked = loop.time()
            try:
                async with asyncio.timeout(left):
                    arrival = await anext(coming)
            except StopAsyncIteration:
                return
            except TimeoutError:
                raise error from None
            if brings_tokens(arrival):
                error = _too_late("next token", "token_timeout")
                left = self._between
            elif left is not None:
                left = max(0.0, left - (loop.time() - asked))
            yield arrival


def _too_late(what: str, code: str) -> RequestError:
    return RequestError(503, f"The model's engine did not generate the {what} in time.", code=code)
