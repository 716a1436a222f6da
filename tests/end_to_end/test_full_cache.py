"""Clients that leave give back their part of the KV cache, at once."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.end_to_end.clients import deltas, unbounded_session, whole_text
from tests.end_to_end.figures import figure
from tests.end_to_end.models import SERVE
from tests.serving.server_process import ServerProcess

pytestmark = [pytest.mark.slow, pytest.mark.alone]

BLOCKS = 100
BLOCK = 32


def test_of_as_many_as_one_client_may_have_and_of_long_ones_that_exhaust_the_cache_each_waits_for_its_turn() -> (
    None
):
    async def scenario() -> None:
        few = ("--set", "engine.num_kv_blocks=24", "--set", "engine.max_num_seqs=8")
        with ServerProcess("chat", *SERVE, *few) as server:
            server.wait_ready()
            url = f"{server.url}/v1/completions"
            greedy = {"model": "chat", "temperature": 0, "ignore_eos": True}
            short = [{**greedy, "max_tokens": 20, "prompt": f"{index} is short"} for index in range(150)]
            long = [{**greedy, "max_tokens": 700, "prompt": f"{index} is long"} for index in range(12)]

            async with unbounded_session() as session:
                async with asyncio.timeout(240):
                    answers = await asyncio.gather(*(whole_text(session, url, body) for body in short + long))
                assert all(answers)
                alone = await whole_text(session, url, long[-1])
                assert answers[-1] == alone
                never = {**greedy, "max_tokens": 1, "prompt": "word " * 800}
                async with session.post(url, json=never) as response:
                    assert response.status == 400
                    assert (await response.json())["error"]["code"] == "context_length_exceeded"

    asyncio.run(scenario())


def test_a_full_cache_whose_clients_all_leave_serves_a_request_of_nearly_its_whole_size() -> None:
    async def scenario() -> None:
        with ServerProcess("chat", *SERVE, "--set", f"engine.num_kv_blocks={BLOCKS}") as server:
            server.wait_ready()
            url = f"{server.url}/v1/completions"
            endless = {
                "model": "chat",
                "temperature": 0,
                "ignore_eos": True,
                "max_tokens": BLOCKS * BLOCK - 200,
            }

            async def stream_for_ever(index: int) -> None:
                async for event in deltas(session, url, {**endless, "prompt": f"{index} goes on"}):
                    assert "error" not in event

            async with unbounded_session() as session:
                for _ in range(3):
                    tasks: list[asyncio.Task[Any]] = [
                        asyncio.create_task(stream_for_ever(index)) for index in range(4)
                    ]
                    tasks += [
                        asyncio.create_task(whole_text(session, url, {**endless, "prompt": f"{index} waits"}))
                        for index in range(4)
                    ]
                    async with asyncio.timeout(60):
                        while figure(server.url, "engine_kv_cache_usage", "chat") < 0.95:
                            assert not any(task.done() for task in tasks), [t for t in tasks if t.done()]
                            await asyncio.sleep(0.005)  # a bounded poll of what the engine's process does
                    for task in tasks:
                        task.cancel()
                    await asyncio.gather(*tasks, return_exceptions=True)
                    large = {**endless, "prompt": "word " * 1450, "max_tokens": 1}
                    async with asyncio.timeout(2):
                        async with session.post(url, json=large) as response:
                            answer = await response.json()
                    assert response.status == 200, answer
                    assert answer["usage"]["prompt_tokens"] >= 0.9 * BLOCKS * BLOCK

    asyncio.run(scenario())
