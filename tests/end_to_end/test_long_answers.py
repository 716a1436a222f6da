"""Answers that take longer than any limit on silence."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.clients import unbounded_session
from tests.end_to_end.models import MODEL
from tests.serving.server_process import ServerProcess

pytestmark = pytest.mark.slow

CONFIG = f"""
version: 1
limits: {{silent_seconds: 1}}
models:
  one: {{graph: chat, parameters: {{models_path: {MODEL}, engine: {{max_num_seqs: 2, num_kv_blocks: 512}}}}}}
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    config: Path = tmp_path_factory.mktemp("server") / "server.yaml"
    config.write_text(CONFIG)
    with ServerProcess("--config", str(config)) as server:
        server.wait_ready()
        yield server


def test_an_answer_in_one_piece_may_take_longer_than_the_limit_on_silence(server: ServerProcess) -> None:
    body = {"model": "one", "prompt": "A", "max_tokens": 4000, "ignore_eos": True}
    request = urllib.request.Request(
        f"{server.url}/v1/completions", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as response:
        answer = json.load(response)
    assert answer["usage"]["completion_tokens"] == 4000


def test_so_may_a_beam_search_the_best_of_several_and_a_place_in_the_queue(server: ServerProcess) -> None:
    long = {"model": "one", "prompt": "A", "max_tokens": 2000, "ignore_eos": True}
    requests: list[dict[str, Any]] = [
        *({**long, "stream": stream} for stream in (True, False) * 3),
        {**long, "best_of": 2},
        {**long, "use_beam_search": True, "best_of": 2, "max_tokens": 1000},
    ]

    async def scenario() -> list[tuple[int, str]]:
        async with unbounded_session() as session, asyncio.timeout(120):

            async def ask(body: dict[str, Any]) -> tuple[int, str]:
                async with session.post(f"{server.url}/v1/completions", json=body) as response:
                    return response.status, await response.text()

            return await asyncio.gather(*map(ask, requests))

    for status, text in asyncio.run(scenario()):
        assert status == 200, f"{text}\n{server.output()}"
        assert '"finish_reason":"length"' in text
