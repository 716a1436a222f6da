"""An engine's process that dies: its requests fail clearly, it comes back, and nobody else notices."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from tests.end_to_end.clients import deltas, streamed_text, unbounded_session, whole_text
from tests.end_to_end.figures import figure
from tests.end_to_end.models import MODEL
from tests.serving.asking import get
from tests.serving.server_process import ServerProcess
from tests.serving.waiting import wait_until

pytestmark = pytest.mark.slow

TWO_MODELS = f"""
version: 1
models:
  first:
    graphs: [chat, responses]
    parameters: &exact
      models_path: {MODEL}
      engine:
        num_kv_blocks: 512
        plugin_config: {{INFERENCE_PRECISION_HINT: f32, KV_CACHE_PRECISION: f32}}
  second:
    graph: chat
    parameters: *exact
"""


def engine_of(server: ServerProcess, model: str) -> int:
    """The process of a model's engine."""
    return int(figure(server.url, "engine_pid", model))


def test_killing_an_engine_fails_its_requests_alone_and_it_comes_back(tmp_path: Path) -> None:
    config = tmp_path / "server.yaml"
    config.write_text(TWO_MODELS)

    async def scenario() -> None:
        with ServerProcess("--config", str(config)) as server:
            server.wait_ready()
            url = f"{server.url}/v1/completions"
            greedy = {"temperature": 0, "ignore_eos": True, "prompt": "Packets"}
            long = {**greedy, "max_tokens": 3000}
            async with unbounded_session() as session:
                undisturbed = await whole_text(session, url, {**long, "model": "second"})
                expected = await whole_text(session, url, {**greedy, "model": "first", "max_tokens": 20})
                beside = asyncio.create_task(streamed_text(session, url, {**long, "model": "second"}))
                stream = deltas(session, url, {**long, "model": "first"})
                await anext(stream)
                asked = {"model": "first", "input": "Packets", "temperature": 0, "ignore_eos": True}
                answer_stream = deltas(
                    session, f"{server.url}/v1/responses", {**asked, "max_output_tokens": 3000}
                )
                created = await anext(answer_stream)

                async def wait() -> tuple[int, dict[str, dict[str, str]]]:
                    async with session.post(
                        url, json={**long, "model": "first", "prompt": "Wait"}
                    ) as response:
                        return response.status, await response.json()

                waiting = asyncio.create_task(wait())
                async with asyncio.timeout(60):
                    while figure(server.url, "engine_requests", "first") < 3:
                        await asyncio.sleep(0.005)  # a bounded poll of what the engine's process does
                os.kill(engine_of(server, "first"), signal.SIGKILL)
                events = [event async for event in stream]
                assert events[-1]["error"]["code"] == "engine_died"
                *_, failed = [event async for event in answer_stream]
                assert failed["type"] == "response.failed"
                assert failed["response"]["id"] == created["response"]["id"]
                assert failed["response"]["error"]["code"] == "server_error"
                status, error = await waiting
                assert (status, error["error"]["code"]) == (503, "engine_died")
                async with asyncio.timeout(60):
                    while True:
                        async with session.post(
                            url, json={**greedy, "model": "first", "max_tokens": 20}
                        ) as response:
                            answer = await response.json()
                        if response.status == 200:
                            break
                        assert response.status == 503
                        assert int(response.headers["Retry-After"]) >= 1
                        await asyncio.sleep(0.05)  # a bounded poll until the engine is back
                assert answer["choices"][0]["text"] == expected
                assert await beside == undisturbed

    asyncio.run(scenario())


def test_an_idle_engine_that_is_stopped_is_neither_ready_nor_up_and_comes_back(tmp_path: Path) -> None:
    config = tmp_path / "server.yaml"
    config.write_text(TWO_MODELS)

    def states() -> dict[str, str]:
        answer = get(server.url, "/health/ready")
        found: dict[str, str] = answer.json()["models"]
        assert (answer.status == 200) == (set(found.values()) == {"available"})
        return found

    with ServerProcess("--config", str(config)) as server:
        server.wait_ready()
        stopped = engine_of(server, "first")
        os.kill(stopped, signal.SIGSTOP)
        wait_until(lambda: states() == {"first": "recovering", "second": "available"}, 60)
        assert figure(server.url, "engine_up", "first") == 0
        wait_until(lambda: states() == {"first": "available", "second": "available"}, 60)
        assert engine_of(server, "first") not in (0, stopped)
