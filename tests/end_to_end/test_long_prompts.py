"""A prompt that takes long to read: its stream begins meanwhile, and what still queues keeps its status."""

from __future__ import annotations

import asyncio
import os
import signal

import aiohttp
import pytest

from tests.end_to_end.clients import unbounded_session
from tests.end_to_end.figures import figure
from tests.serving.server_process import ServerProcess

pytestmark = pytest.mark.slow

ONE_TOKEN_A_STEP = ("--set", "engine.max_num_batched_tokens=1", "--set", "engine.max_num_seqs=1")
LONG = {"model": "tiny-chat", "stream": True, "max_tokens": 1, "ignore_eos": True, "prompt": [300] * 2000}
"""2,000 steps of the embedded model, which take longer than the silence before the first comment."""


def test_a_stream_whose_prompt_is_read_begins_with_comments_and_one_that_queues_keeps_its_status() -> None:
    async def scenario() -> None:
        chat = ServerProcess(*ONE_TOKEN_A_STEP, "--set", "keep_alive_seconds=0.5")
        with chat as server:
            server.wait_ready()
            url = f"{server.url}/v1/completions"

            async def ask(session: aiohttp.ClientSession) -> tuple[int, bytes]:
                async with session.post(url, json=LONG) as response:
                    return response.status, await response.read()

            async with unbounded_session() as session:
                async with session.post(url, json=LONG) as response:
                    assert response.headers["Content-Type"].startswith("text/event-stream"), (
                        await response.text()
                    )
                    assert await response.content.readline() == b": keep-alive\n"
                    queued = asyncio.create_task(ask(session))
                    async with asyncio.timeout(20):
                        while figure(server.url, "engine_requests", "tiny-chat") < 2:
                            await asyncio.sleep(0.005)  # a bounded poll of what the engine's process does
                    os.kill(int(figure(server.url, "engine_pid", "tiny-chat")), signal.SIGKILL)
                    rest = await response.read()
                comments, _, error = rest.partition(b"data: ")
                assert set(comments.split()) <= {b":", b"keep-alive"}
                assert b'"code":"engine_died"' in error
                status, body = await queued
                assert status == 503
                assert b'"code":"engine_died"' in body

    asyncio.run(scenario())
