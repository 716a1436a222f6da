"""A server under steady load, whose server.yaml changes again and again, loses no request."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from openai import AsyncOpenAI

from ovpipe.cli.embedded import embedded_parameters
from tests.serving.asking import get
from tests.serving.server_process import ServerProcess
from tests.serving.waiting import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]  # engines open and close many times

CLIENTS = 4
OPEN_SECONDS = 240.0
"""Within which an engine opens on a machine that does much else."""
CONFIG = """version: 1
resources:
  shared: {{graph: language_model, parameters: {{models_path: "{models_path}", engine: {{exact: true}}}}}}
models:
  sharing: {{graph: chat, parameters: {{max_tokens_limit: {limit}}}, resources: [shared]}}
  alone:
    graph: chat
    parameters: {{models_path: "{models_path}", engine: {{exact: true}}, max_tokens_limit: {limit}}}
limits: {{drain_seconds: 30}}
"""


class Load:
    """Requests one after another by each client, streaming and not, until it is stopped."""

    def __init__(self, url: str) -> None:
        self.sent = self.done = 0
        self.stopped = False
        self._client = AsyncOpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0)

    async def client(self, model: str, number: int) -> None:
        while not self.stopped:
            self.sent += 1
            asked = f"Count from {number} to {self.sent}."
            if number % 2:
                await self._whole(model, asked)
            else:
                await self._stream(model, asked)
            self.done += 1

    async def _whole(self, model: str, asked: str) -> None:
        answer = await self._client.chat.completions.create(
            model=model, messages=[{"role": "user", "content": asked}], max_tokens=12
        )
        assert answer.choices[0].finish_reason in ("stop", "length")

    async def _stream(self, model: str, asked: str) -> None:
        reason = None
        async for chunk in await self._client.chat.completions.create(
            model=model, messages=[{"role": "user", "content": asked}], max_tokens=12, stream=True
        ):
            for choice in chunk.choices:
                reason = choice.finish_reason or reason
        assert reason in ("stop", "length")

    async def close(self) -> None:
        """All have ended."""
        await self._client.close()

    async def beyond(self, more: int) -> None:
        """Waits until so many more are done."""
        goal = self.done + more
        while self.done < goal:
            await asyncio.sleep(0.01)  # a bounded poll: the test's own timeout ends it


@asynccontextmanager
async def loaded(url: str) -> AsyncIterator[Load]:
    load = Load(url)
    async with asyncio.TaskGroup() as group:
        for number in range(CLIENTS):
            group.create_task(load.client("sharing" if number < CLIENTS / 2 else "alone", number))
        try:
            yield load
        finally:
            load.stopped = True
    await load.close()


def reload(url: str) -> dict[str, Any]:
    """The body of the answer, which comes when all engines are open, or refused."""
    request = urllib.request.Request(f"{url}/v1/config/reload", method="POST")
    try:
        with urllib.request.urlopen(request, timeout=OPEN_SECONDS) as response:
            return json.load(response)  # type: ignore[no-any-return]  # the server's own JSON
    except urllib.error.HTTPError as refused:
        return json.load(refused)  # type: ignore[no-any-return]  # the same


def engine_pid(url: str, owner: str) -> str:
    page = get(url, "/metrics").body.decode()
    found = re.search(rf'^ovpipe_engine_pid{{{owner},side_packet="engine"}} ([\d.e+]+)$', page, re.MULTILINE)
    assert found is not None, page
    return found[1]


def test_no_request_is_lost_while_the_configuration_changes(tmp_path: Path) -> None:
    models_path = embedded_parameters()["models_path"]
    file = tmp_path / "server.yaml"
    file.write_text(CONFIG.format(models_path=models_path, limit=100))

    async def scenario(server: ServerProcess) -> None:
        url = server.url
        shared, alone = engine_pid(url, 'resource="shared"'), engine_pid(url, 'model="alone"')
        async with loaded(url) as load:
            await load.beyond(4)
            for limit in (101, 102):
                file.write_text(CONFIG.format(models_path=models_path, limit=limit))
                answer = await asyncio.to_thread(reload, url)
                assert answer["replaced"] == ["sharing", "alone"]
                await load.beyond(4)
            file.write_text("version: 1\nmodels: {sharing: {graph: no_such_graph}}\n")
            answer = await asyncio.to_thread(reload, url)
            assert answer["error"]["code"] == "invalid_configuration"
            await load.beyond(4)
            file.write_text(CONFIG.format(models_path=models_path, limit=103))
            server.signal(signal.SIGHUP)
            await asyncio.to_thread(
                wait_until, lambda: engine_pid(url, 'model="alone"') not in (alone, "0.0"), OPEN_SECONDS
            )
            await load.beyond(8)
        assert load.done == load.sent >= 4 + 8 + 4 + 8
        assert engine_pid(url, 'resource="shared"') == shared
        assert engine_pid(url, 'model="alone"') != alone

    with ServerProcess("--config", str(file)) as server:
        server.wait_ready()
        asyncio.run(scenario(server))
        # Two engines serve, and those that have been replaced are gone.
        wait_until(
            lambda: get(server.url, "/v1/config").json()["models"][1]["generations"][1:] == [], OPEN_SECONDS
        )
