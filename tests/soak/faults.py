"""What goes wrong beside the traffic, one after the other: dead and stopped processes, and new configurations."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import aiohttp

from tests.serving.server_process import descendants
from tests.soak.processes import CHECKERS, engines_of, role_of
from tests.soak.traffic import VICTIM

CONFIG = """version: 1
resources:
  shared: {{graph: language_model, parameters: {{models_path: "{model}", engine: &engine {{{small}}}}}}}
models:
  steady: {{graph: chat, resources: [shared]}}
  own: {{graph: chat, parameters: {{models_path: "{model}", engine: {{{small}, core: graph, grammar_memory: {kept}}}}}}}
  grammars: {{graph: chat, parameters: {{models_path: "{model}", engine: {{{small}, grammar_memory: {kept}}}}}}}
  victim: {{graph: chat, parameters: {{models_path: "{model}", engine: *engine, max_tokens_limit: {limit}}}}}
{more}
limits: {{client_share: 1, write_seconds: 3}}
"""
ONE_MORE = "  guest: {graph: chat, resources: [shared]}"
KEPT_MIB = 24
"""`grammar_memory`: so small that its limit is reached again and again."""
SMALL = "exact: true, num_kv_blocks: 256, max_num_batched_tokens: 64, max_num_seqs: 16"
"""Engines that are full within the warm-up: all blocks of the cache are used, and a step of every size has been
seen, for each of which OpenVINO keeps what it has prepared."""
CACHE_MIB = 56
"""What these blocks of tiny-chat's cache take."""
BACK_SECONDS = 120.0


class Faults:
    """Does one of them every so often, and keeps a note of each."""

    KINDS = 7
    """How many there are, each as often as the others."""

    def __init__(self, server: int, url: str, file: Path, model: Path, log: Callable[[str], None]) -> None:
        self.server = server
        self.url = url
        self.file = file
        self.model = model
        self.log = log
        self._random = random.Random(0)
        self._limit = 1000

    async def work(self, every: float) -> None:
        """Until it is cancelled."""
        while True:
            for fault in (
                self.kill_engine,
                self.replace_model,
                self.wrong_configuration,
                self.stop_engine,
                self.come_and_go,
                self.kill_checker,
                self.hang_up,
            ):
                await asyncio.sleep(every)
                self.log(fault.__name__)
                await fault()
                await self._all_ready()

    async def kill_engine(self) -> None:
        """The victim's engine, at once."""
        await self._signal_engine(signal.SIGKILL)

    async def stop_engine(self) -> None:
        """The victim's engine hangs, as the server is left to find out."""
        await self._signal_engine(signal.SIGSTOP)

    async def kill_checker(self) -> None:
        """A process that checks grammars."""
        for pid in sorted(descendants(self.server)):
            with suppress(FileNotFoundError, ProcessLookupError):
                if role_of(pid) == CHECKERS:
                    os.kill(pid, signal.SIGKILL)
                    return

    async def replace_model(self) -> None:
        """The victim's next generation."""
        self._limit += 1
        self.write()
        await self._reload(200)

    async def wrong_configuration(self) -> None:
        """A file that changes nothing."""
        self.file.write_text("version: 1\nmodels: {steady: {graph: no_such_graph}}\n")
        await self._reload(400)
        self.write()
        await self._reload(200)

    async def come_and_go(self) -> None:
        """A model of another's engine, for a moment."""
        self.write(ONE_MORE)
        await self._reload(200)
        self.write()
        await self._reload(200)

    async def hang_up(self) -> None:
        """SIGHUP."""
        os.kill(self.server, signal.SIGHUP)

    def write(self, more: str = "") -> None:
        """The configuration as it should be, whole at once."""
        new = self.file.with_suffix(".new")
        new.write_text(
            CONFIG.format(model=self.model, small=SMALL, kept=KEPT_MIB, limit=self._limit, more=more)
        )
        new.replace(self.file)

    async def _signal_engine(self, number: signal.Signals) -> None:
        engines = await asyncio.to_thread(engines_of, self.url)
        for pid, role in engines.items():
            if role == f"engine of {VICTIM}" and pid:
                os.kill(pid, number)

    async def _reload(self, expected: int) -> None:
        timeout = aiohttp.ClientTimeout(300)
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.post(f"{self.url}/v1/config/reload") as answer,
        ):
            said = await answer.text()
        assert answer.status == expected, said

    async def _all_ready(self) -> None:
        await asyncio.sleep(2)  # a fault takes a moment to be noticed
        async with asyncio.timeout(BACK_SECONDS), aiohttp.ClientSession() as session:
            while True:
                async with session.get(f"{self.url}/health/ready") as answer:
                    if answer.status == 200:
                        return
                await asyncio.sleep(0.2)
