"""An engine whose process gets no memory while it loads: it says so and tries again, and others serve on."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from pathlib import Path

import pytest

from ovpipe.engines.process.backoff import Backoff
from ovpipe.engines.process.client import EngineClient
from ovpipe.engines.process.command import HostCommand
from ovpipe.engines.protocol import EngineLoadError, EngineUnavailable
from tests.engines.clients import bounded, opened, some, tokens_of, until

pytestmark = pytest.mark.slow  # a real engine loads, again and again

LIMITED = """
import resource, runpy, sys
from pathlib import Path

limit = Path(sys.argv.pop(1))
if limit.exists():
    resource.setrlimit(resource.RLIMIT_AS, (int(limit.read_text()),) * 2)
runpy.run_module("ovpipe.engines.genai", run_name="__main__", alter_sys=True)
"""
"""The genai core, in a process that may map so many bytes as a file says, if there is one."""

OPTIONS = {"models_path": str(Path("ovpipe/models/tiny-chat").absolute()), "num_kv_blocks": 64}
OUT_OF_MEMORY = r"map|allocate|alloc|memory|Resource temporarily unavailable"


@pytest.mark.parametrize("mebibytes", [100, 300, 900])
def test_the_first_load_fails_with_its_reason(tmp_path: Path, mebibytes: int) -> None:
    limit = tmp_path / "limit"
    limit.write_text(str(mebibytes << 20))
    command = HostCommand((sys.executable, "-P", "-c", LIMITED, str(limit)))

    async def scenario() -> None:
        with pytest.raises(EngineLoadError, match=OUT_OF_MEMORY):
            await EngineClient.open(command, OPTIONS, name="tiny")

    bounded(scenario)


def test_one_that_must_start_again_tries_until_there_is_memory_and_others_serve(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    limit = tmp_path / "limit"
    command = HostCommand((sys.executable, "-P", "-c", LIMITED, str(limit)))

    def failures() -> int:
        return sum("could not be loaded" in one.getMessage() for one in caplog.records)

    async def scenario() -> None:
        async with opened() as other:
            backoff = Backoff(first=0.01, cap=0.1)
            engine = await EngineClient.open(command, OPTIONS, name="tiny", backoff=backoff)
            try:
                assert len(await tokens_of(engine.generate([1], some(3)))) == 3
                limit.write_text(str(300 << 20))
                assert engine.pid is not None
                os.kill(engine.pid, signal.SIGKILL)
                await until(lambda: failures() >= 2)
                with pytest.raises(EngineUnavailable):
                    engine.generate([1], some(3))
                assert await tokens_of(other.generate([0], some(2))) == [1, 2]
                limit.unlink()
                await until(lambda: engine.metrics()["engine_up"] == 1)
                assert len(await tokens_of(engine.generate([1], some(3)))) == 3
            finally:
                await engine.close()

    with caplog.at_level(logging.INFO):
        asyncio.run(scenario())
