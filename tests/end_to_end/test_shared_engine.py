"""Two models, two prompt styles, one engine: one process, one load, both answer, at once too."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.end_to_end.clients import deltas, unbounded_session
from tests.serving.asking import get
from tests.serving.server_process import ServerProcess
from tests.serving.waiting import wait_until

EXAMPLE = Path(__file__).parents[2] / "examples" / "shared_engine" / "server.yaml"
MODELS = ("tiny-chat", "pirate")


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    """The example, as its README starts it."""
    with ServerProcess("--config", str(EXAMPLE)) as server:
        server.wait_ready()
        yield server


def body(model: str, max_tokens: int) -> dict[str, Any]:
    return {
        "model": model,
        "messages": [{"role": "user", "content": "Hello"}],
        "max_tokens": max_tokens,
        "temperature": 0,
        "ignore_eos": True,
    }


async def answer(session: aiohttp.ClientSession, url: str, model: str, max_tokens: int) -> dict[str, Any]:
    async with session.post(f"{url}/v1/chat/completions", json=body(model, max_tokens)) as response:
        whole: dict[str, Any] = await response.json()
        assert response.status == 200, whole
        return whole


async def streamed(events: AsyncIterator[dict[str, Any]]) -> str:
    return "".join(
        [choice["delta"].get("content") or "" async for event in events for choice in event["choices"]]
    )


def engine_figures(server: ServerProcess, name: str) -> dict[str, float]:
    """The lines of one of the engine's metrics: their labels and values."""
    page = get(server.url, "/metrics").body.decode()
    lines = [line.rpartition(" ") for line in page.splitlines() if line.startswith(f"ovpipe_engine_{name}{{")]
    return {labels.partition("{")[2]: float(value) for labels, _, value in lines}


def test_one_process_has_loaded_the_weights_once_and_both_models_answer(server: ServerProcess) -> None:
    # The engine's process is the only child; that of the grammar checker starts with the first grammar.
    (engine,) = server.children()
    assert engine_figures(server, "pid") == {'resource="tiny",side_packet="engine"}': engine}
    loads = [line for line in server.lines if ": engine: " in line]
    assert loads
    assert all(line.startswith("resource tiny: engine: ") for line in loads)
    assert len(loads) == len(set(loads)), "no step of the load came twice"
    assert sum("ready after" in line for line in server.lines) == 3

    async def ask() -> list[dict[str, Any]]:
        async with unbounded_session() as session:
            return [await answer(session, server.url, model, 8) for model in MODELS]

    plain, pirate = asyncio.run(ask())
    assert (plain["model"], pirate["model"]) == MODELS
    assert plain["usage"]["completion_tokens"] == pirate["usage"]["completion_tokens"] == 8
    assert pirate["usage"]["prompt_tokens"] > plain["usage"]["prompt_tokens"]  # the persona's message
    assert server.children() == {engine}


@pytest.mark.parametrize(("long", "short"), [MODELS, MODELS[::-1]])
def test_a_stream_of_one_model_runs_in_a_batch_with_the_other_which_says_what_it_says_alone(
    server: ServerProcess, long: str, short: str
) -> None:
    greeting = {**body(short, 40), "ignore_eos": False}

    async def scenario() -> None:
        async with unbounded_session() as session:
            url = f"{server.url}/v1/chat/completions"
            alone = await streamed(deltas(session, url, greeting))
            async with aclosing(deltas(session, url, body(long, 1900))) as stream:
                await anext(stream)
                assert await streamed(deltas(session, url, greeting)) == alone
                assert alone
                event = await anext(stream)
                assert event["choices"][0]["finish_reason"] is None

    asyncio.run(scenario())
    (largest,) = engine_figures(server, "max_running").values()
    assert largest == 2


def test_an_engine_that_dies_comes_back_for_both_models(server: ServerProcess) -> None:
    (engine,) = (int(pid) for pid in engine_figures(server, "pid").values())

    async def scenario() -> None:
        async with unbounded_session() as session:
            url = f"{server.url}/v1/chat/completions"
            streams = [deltas(session, url, body(model, 1900)) for model in MODELS]
            for stream in streams:
                await anext(stream)
            os.kill(engine, signal.SIGKILL)
            for stream in streams:
                last = [event async for event in stream][-1]
                assert last["error"]["code"] == "engine_died"

    asyncio.run(scenario())
    wait_until(lambda: list(engine_figures(server, "up").values()) == [1])

    async def ask() -> list[dict[str, Any]]:
        async with unbounded_session() as session:
            return [await answer(session, server.url, model, 4) for model in MODELS]

    assert [whole["usage"]["completion_tokens"] for whole in asyncio.run(ask())] == [4, 4]
    restarts = engine_figures(server, "restarts_total")
    assert {labels: times for labels, times in restarts.items() if times} == {
        'reason="died",resource="tiny",side_packet="engine"}': 1
    }
