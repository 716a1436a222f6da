"""An engine's process: loaded or not, closed, and gone with its server."""

from __future__ import annotations

import asyncio
import logging
import os
import select
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from ovpipe.engines.messages import Progress
from ovpipe.engines.process.child import record_of
from ovpipe.engines.process.client import EngineClient
from ovpipe.engines.process.command import HostCommand
from ovpipe.engines.protocol import EngineDied, EngineLoadError, EngineTimeouts, EngineUnavailable
from tests.engines.clients import FAKE_HOST, HANG, bounded, is_gone, opened, some, tokens_of, until
from tests.processes.children import children


def test_progress_is_reported_while_it_loads() -> None:
    async def scenario() -> None:
        heard: list[Progress] = []
        client = await EngineClient.open(FAKE_HOST, {}, on_progress=heard.append)
        await client.close()
        assert [progress.phase for progress in heard] == ["load", "warm_up"]

    bounded(scenario)


def test_a_failed_first_load_raises_what_the_host_said_and_leaves_no_process() -> None:
    before = children()

    async def scenario() -> None:
        with pytest.raises(EngineLoadError, match=r"'fake' could not be loaded: no such model$"):
            async with opened(load="no such model"):
                pass

    bounded(scenario)
    assert children() == before


def test_a_crash_in_the_first_load_raises_with_the_last_words() -> None:
    async def scenario() -> None:
        with pytest.raises(EngineLoadError, match=r"killed by SIGSEGV(.|\n)*Segmentation something"):
            async with opened(load="crash"):
                pass

    bounded(scenario)


def test_a_load_or_warm_up_that_hangs_is_given_up() -> None:
    async def scenario() -> None:
        with pytest.raises(EngineLoadError, match=r"1 s \(load\)"):
            async with opened(EngineTimeouts(load=1), load="hang", phases=["load"]):
                pass
        with pytest.raises(EngineLoadError, match=r"0.3 s \(warm-up\)"):
            async with opened(EngineTimeouts(warm_up=0.3), load="hang"):
                pass

    bounded(scenario)


def test_a_program_that_does_not_exist_is_a_load_error() -> None:
    async def scenario() -> None:
        with pytest.raises(EngineLoadError, match="could not be started"):
            await EngineClient.open(HostCommand(("/no/such/program",)), {})

    bounded(scenario)


def environment_of(pid: int | None) -> list[bytes]:
    return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")


def test_the_environment_of_its_command_is_the_processes_beside_the_servers_own() -> None:
    async def scenario() -> None:
        command = HostCommand(FAKE_HOST.arguments, {"OVPIPE_TEST_ENVIRONMENT": "seen"})
        engine = await EngineClient.open(command, {})
        try:
            environment = environment_of(engine.pid)
            assert b"OVPIPE_TEST_ENVIRONMENT=seen" in environment
            assert f"PATH={os.environ['PATH']}".encode() in environment
        finally:
            await engine.close()

    bounded(scenario)


def test_a_config_that_fits_in_no_message_is_a_load_error_and_leaves_no_process() -> None:
    before = children()

    async def scenario() -> None:
        with pytest.raises(EngineLoadError, match="could not be loaded"):
            async with opened(number=2**70):
                pass
        with pytest.raises(EngineLoadError, match="could not be started"):
            await EngineClient.open(HostCommand(("no\0name",)), {})

    bounded(scenario)
    assert children() == before


def test_an_open_that_is_cancelled_leaves_no_process() -> None:
    before = children()

    async def scenario() -> None:
        loading = asyncio.Event()
        opening = asyncio.create_task(
            EngineClient.open(
                FAKE_HOST,
                {"load": "hang"},
                on_progress=lambda progress: loading.set(),
            )
        )
        await loading.wait()
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening

    bounded(scenario)
    assert children() == before


def test_closing_fails_what_runs_refuses_what_comes_and_ends_the_process() -> None:
    async def scenario() -> None:
        async with opened() as engine:
            pid = engine.pid
            assert pid is not None
            running = asyncio.create_task(tokens_of(engine.generate([0], some(10**9))))
            await until(lambda: engine.metrics()["engine_running"] == 1)
            await asyncio.gather(engine.close(), engine.close())
            with pytest.raises(EngineDied, match="closed"):
                await running
            with pytest.raises(EngineUnavailable, match="closed") as refusal:
                engine.generate([0], some(1))
            assert refusal.value.retry_after is None
            assert is_gone(pid)
            assert engine.pid is None

    bounded(scenario)


def test_closing_kills_a_process_that_hangs() -> None:
    async def scenario() -> None:
        async with opened(EngineTimeouts(close=0.3)) as engine:
            pid = engine.pid
            assert pid is not None
            hung = engine.generate([HANG, 0], some(5))
            await anext(hung)
            await engine.close()
            assert is_gone(pid)

    bounded(scenario)


def test_closing_twice_leaves_the_process_the_time_that_it_has() -> None:
    async def scenario() -> None:
        async with opened(EngineTimeouts(close=0.6)) as engine:
            await anext(engine.generate([HANG, 0], some(5)))
            await asyncio.sleep(0.2)  # well into the step that hangs
            started = asyncio.get_running_loop().time()
            first = asyncio.create_task(engine.close())
            await asyncio.sleep(0.1)
            await engine.close()
            assert asyncio.get_running_loop().time() - started >= 0.6
            await first

    bounded(scenario)


def test_closing_at_once_after_opening_ends_the_process() -> None:
    async def scenario() -> None:
        engine = await EngineClient.open(FAKE_HOST, {})
        pid = engine.pid
        assert pid is not None
        await engine.close()
        assert is_gone(pid)

    bounded(scenario)


def test_ctrl_c_reaches_the_server_alone() -> None:
    async def scenario() -> None:
        async with opened() as engine:
            assert engine.pid is not None
            assert os.getpgid(engine.pid) == engine.pid != os.getpgrp()
            os.killpg(engine.pid, signal.SIGINT)
            assert await tokens_of(engine.generate([0], some(1))) == [1]

    bounded(scenario)


def test_what_the_process_prints_goes_to_the_log(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        with caplog.at_level(logging.INFO, "ovpipe.engine"):
            async with opened(says="native code was here" + "e" * 10_000):
                pass

    bounded(scenario)
    assert "fake: native code was here" in caplog.text


def test_the_process_ends_with_its_server_even_when_it_hangs() -> None:
    server = subprocess.Popen(
        [
            sys.executable,
            "-c",
            textwrap.dedent("""
                import asyncio, sys
                from ovpipe.engines.process.client import EngineClient
                from ovpipe.engines.process.command import HostCommand
                from ovpipe.engines.protocol import SamplingParams

                async def scenario():
                    engine = await EngineClient.open(HostCommand(tuple(sys.argv[1:])), {})
                    generation = engine.generate([-2, 0], SamplingParams(max_tokens=5))
                    await anext(generation)
                    await asyncio.sleep(0.2)  # well into the step that hangs
                    sys.stdout.write(f"{engine.pid}\\n")
                    sys.stdout.flush()
                    await anext(generation)

                asyncio.run(scenario())
            """),
            *FAKE_HOST.arguments,
        ],
        stdout=subprocess.PIPE,
    )
    with server:
        assert server.stdout is not None
        engine = os.pidfd_open(int(server.stdout.readline()))
        try:
            server.kill()
            assert select.select([engine], [], [], 20)[0], "the engine outlived its server"
        finally:
            os.close(engine)


def test_a_record_of_its_own_logging_keeps_its_level_and_logger() -> None:
    logger, level, message = record_of("WARNING ovpipe.engines.genai.core: the cache is small: 4 blocks")
    assert (logger.name, level) == ("ovpipe.engines.genai.core", logging.WARNING)
    assert message == "the cache is small: 4 blocks"


def test_what_native_code_prints_is_the_engines() -> None:
    for line in ("ERROR root: of a library", "[ERROR] a plugin says", "WARNING ovpipe", "plain"):
        logger, level, message = record_of(line)
        assert (logger.name, level, message) == ("ovpipe.engine", logging.INFO, line)
