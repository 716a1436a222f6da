"""A prompt that takes long to read: its stream begins meanwhile, and what still queues keeps its status."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable

import aiohttp
import pytest

from tests.end_to_end.clients import unbounded_session
from tests.end_to_end.figures import figure, running_and_waiting
from tests.serving.server_process import ServerProcess

pytestmark = pytest.mark.slow

ONE_TOKEN_A_STEP = ("--set", "engine.max_num_batched_tokens=1", "--set", "engine.max_num_seqs=1")
LONG = {"model": "tiny-chat", "stream": True, "max_tokens": 1, "ignore_eos": True, "prompt": [300] * 2000}
"""2,000 steps of the embedded model: time enough to stop the engine's process in the midst of them."""


def test_a_stream_whose_prompt_is_read_begins_with_comments_and_one_that_queues_keeps_its_status() -> None:
    async def scenario() -> None:
        chat = ServerProcess(*ONE_TOKEN_A_STEP, "--set", "keep_alive_seconds=0.5")
        with chat as server:
            server.wait_ready()
            engine = int(figure(server.url, "engine_pid", "tiny-chat"))

            async def until(condition: Callable[[], bool]) -> None:
                async with asyncio.timeout(20):
                    while not condition():
                        await asyncio.sleep(0.005)  # a bounded poll of what other processes do

            async with unbounded_session() as session:

                async def post() -> aiohttp.ClientResponse:
                    return await session.post(f"{server.url}/v1/completions", json=LONG)

                read = asyncio.create_task(post())
                await until(lambda: figure(server.url, "engine_requests", "tiny-chat") == 1)
                queued = asyncio.create_task(post())
                await until(lambda: running_and_waiting(server.url, "tiny-chat") == 2)
                os.kill(engine, signal.SIGSTOP)  # on a quick machine, too, the prompt takes long from here
                async with await read as response:
                    assert response.headers["Content-Type"].startswith("text/event-stream"), (
                        await response.text()
                    )
                    assert await response.content.readline() == b": keep-alive\n"
                    os.kill(engine, signal.SIGKILL)
                    rest = await response.read()
                comments, _, error = rest.partition(b"data: ")
                assert set(comments.split()) <= {b":", b"keep-alive"}
                assert b'"code":"engine_died"' in error
                async with await queued as response:
                    assert response.status == 503
                    assert b'"code":"engine_unavailable"' in await response.read()

    asyncio.run(scenario())
