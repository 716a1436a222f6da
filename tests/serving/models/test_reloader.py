"""Reloads one after another, each of what was written before it was asked for."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from ovpipe.errors import RequestError
from ovpipe.registry import Registry
from ovpipe.serving.config_file import read_server_config
from ovpipe.serving.models.reloader import Configured, Reloader, Reloading
from tests.serving.models.changing import LIFE, MotorCalculator, MotorDoorCalculator, Quiet, Served, played

MODELS = "models: {one: {graph: ./model.yaml, parameters: {mood: %s}}}"


class Reads:
    """What is read, written down; a read that has read stays until it may go."""

    def __init__(self, file: Path, *, may_go: bool = True) -> None:
        self.file = file
        self.texts: list[str] = []
        self.has_read, self.may_go = threading.Event(), threading.Event()
        if may_go:
            self.may_go.set()

    def __call__(self) -> Configured:
        config = read_server_config(self.file)
        self.texts.append(self.file.read_text())
        self.has_read.set()
        assert self.may_go.wait(30)
        return Configured(config, Registry.of(MotorCalculator, MotorDoorCalculator))


def reloader_of(served: Served, read: Reads) -> Reloader:
    return Reloader(served.repository, Reloading(read.file, read_server_config(read.file), read), Quiet())


def test_whoever_asks_while_one_waits_shares_it_and_who_asks_while_one_reads_gets_another(
    tmp_path: Path,
) -> None:
    served, file = Served(tmp_path, MODELS % "old"), tmp_path / "server.yaml"

    async def scenario() -> None:
        read = Reads(file, may_go=False)
        reloader = reloader_of(served, read)
        file.write_text(f"version: 1\n{MODELS % 'new'}\n")
        first, same = reloader.begin("one"), reloader.begin("two")
        assert first is same
        assert await asyncio.to_thread(read.has_read.wait, 30)
        file.write_text(f"version: 1\n{MODELS % 'newest'}\n")
        later = reloader.begin("three")
        assert later is not first
        assert first is not None
        assert later is not None
        read.may_go.set()
        await first
        assert (await later).change.replaced == ("one",)
        assert [text.count("newest") for text in read.texts] == [0, 1]
        assert "open newest" in LIFE

    played(served, scenario)


def test_a_mistake_changes_nothing_and_the_next_reload_is_another_try(tmp_path: Path) -> None:
    served, file = Served(tmp_path, MODELS % "old"), tmp_path / "server.yaml"

    async def scenario() -> None:
        reloader = reloader_of(served, Reads(file))
        before = served.repository.snapshot()
        for broken in ("models: [", "version: 1\nmodels: {}\n", f"version: 1\n{MODELS % '[1]'}\n"):
            file.write_text(broken)
            refused = await reloader.reload("test")
            assert "server.yaml:" in refused.refused
            assert served.repository.snapshot() == before
        file.unlink()
        assert "cannot be read" in (await reloader.reload("test")).refused
        file.write_text(f"version: 1\n{MODELS % 'new'}\n")
        assert (await reloader.reload("test")).change.replaced == ("one",)

    played(served, scenario)


def test_nothing_is_reloaded_while_the_server_drains(tmp_path: Path) -> None:
    served, file = Served(tmp_path, MODELS % "old"), tmp_path / "server.yaml"

    async def scenario() -> None:
        reloader = reloader_of(served, Reads(file))
        reloader.stop()
        assert reloader.begin("SIGHUP") is None
        with pytest.raises(RequestError) as raised:
            await reloader.reload("test")
        assert (raised.value.status, raised.value.code) == (503, "shutting_down")

    played(served, scenario)
