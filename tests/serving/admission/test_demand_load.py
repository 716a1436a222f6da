"""A model that was unloaded: who waits until it is loaded again is counted as all others who wait are."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path

import pytest

from ovpipe.errors import RequestError
from ovpipe.http import Client
from ovpipe.serving.admission.admission import Admission
from ovpipe.serving.limits import Limits
from tests.serving.models.changing import Served, played

MODEL = "models: {one: {graph: ./model.yaml, parameters: {mood: %s}}}"


def test_no_more_wait_for_a_load_than_may_run_and_wait(tmp_path: Path) -> None:
    served = Served(tmp_path, MODEL % "good")
    limits = Limits(max_running_requests=1, max_queued_requests=1)

    async def scenario() -> None:
        admission = Admission(limits, 1)
        model = served.repository.find("one")
        model.unload("of a test")
        await served.change(MODEL % "slow")

        async def ask(client: str) -> None:
            with admission.request(Client(client), ["one"]) as admitted:
                load = partial(served.repository.loaded, model)
                await admission.wait_for_turn(admitted, model, None, load)

        first, second = (asyncio.create_task(ask(client)) for client in "ab")
        while model.state != "loading":
            await asyncio.sleep(0)
        gate = admission.gate("one")
        assert (gate.running, gate.waiting) == (1, 1)
        with pytest.raises(RequestError) as raised:
            await ask("c")
        assert (raised.value.status, raised.value.code) == (429, "model_overloaded")
        await served.change(MODEL % "better")
        await asyncio.gather(first, second)
        assert gate.is_idle

    played(served, scenario)
