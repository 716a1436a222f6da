"""Clients of an engine whose core counts, and what their tests share."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from ovpipe.engines.process.backoff import Backoff
from ovpipe.engines.process.client import EngineClient
from ovpipe.engines.process.command import HostCommand
from ovpipe.engines.protocol import EngineTimeouts, Generation, SamplingParams

FAKE_HOST = HostCommand((sys.executable, str(Path(__file__).with_name("fake_host.py"))))

# What fake_host.py does at the second step of a request whose prompt starts so.
CRASH, HANG, RAISE, REFUSE, GIVE_UP, HANG_AT_ONCE, SLOW_PREFILL, NONSENSE = range(-1, -9, -1)
BAD_GRAMMAR, RAISE_AT_ONCE, READ = -9, -10, -11  # at the first
GIVE_WAY, FAIL_OVER_IT = -12, -13
SPIN, COMPUTE_AT_FIRST, GROW = -14, -15, -16


def bounded(scenario: Callable[[], Coroutine[Any, Any, None]]) -> None:
    async def within_a_minute() -> None:
        async with asyncio.timeout(60):
            await scenario()

    asyncio.run(within_a_minute())


@asynccontextmanager
async def opened(
    timeouts: EngineTimeouts | None = None,
    backoff: Backoff | None = None,
    memory_ceiling: int | None = None,
    **options: Any,
) -> AsyncIterator[EngineClient]:
    client = await EngineClient.open(
        FAKE_HOST, options, timeouts=timeouts, backoff=backoff, memory_ceiling=memory_ceiling, name="fake"
    )
    try:
        yield client
    finally:
        await client.close()


async def tokens_of(generation: Generation) -> list[int]:
    async with generation:
        return [token.id async for delta in generation for token in delta.tokens]


async def until(condition: Callable[[], bool]) -> None:
    while not condition():  # what it waits for happens in another process
        await asyncio.sleep(0.01)


def restarts(engine: EngineClient) -> int:
    """How often another process has taken the place, for whatever reason."""
    by_reason: dict[str, int] = engine.metrics()["engine_restarts_total"]["reason"]
    return sum(by_reason.values())


def some(count: int) -> SamplingParams:
    return SamplingParams(max_tokens=count)


def is_gone(pid: int) -> bool:
    """Neither alive nor a zombie."""
    return not Path(f"/proc/{pid}").exists()
