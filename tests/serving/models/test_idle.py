"""Models that nobody uses are unloaded, and loaded again for the next request, which waits."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from ovpipe.errors import RequestError
from ovpipe.serving.requests.current import current_request_id, serving
from tests.serving.models.changing import LIFE, Quiet, Served, played

IDLE = """
idle_unload: 60
models:
  one: {graph: ./model.yaml, parameters: {mood: one}}
  late: {graph: ./model.yaml, idle_unload: 90, parameters: {mood: late}}
  pinned: {graph: ./model.yaml, pinned: true, parameters: {mood: pinned}}
"""


def test_a_model_is_unloaded_after_its_own_time_or_the_server_s_and_a_pinned_one_never(
    tmp_path: Path,
) -> None:
    served = Served(tmp_path, IDLE)

    async def scenario() -> None:
        for now, states in (
            (59, ("available", "available", "available")),
            (60, ("unloaded", "available", "available")),
            (90, ("unloaded", "unloaded", "available")),
            (1e9, ("unloaded", "unloaded", "available")),
        ):
            served.now = now
            served.repository.unload_idle()
            assert tuple(served.repository.states().values()) == states
        await served.repository.ended()
        assert LIFE[3:] == ["close one", "close late"]

    played(served, scenario)


def test_a_model_in_use_is_not_idle_and_its_time_counts_from_the_end_of_its_last_request(
    tmp_path: Path,
) -> None:
    served = Served(tmp_path, "idle_unload: 60\nmodels: {one: {graph: ./model.yaml}}")

    async def scenario() -> None:
        lease = await served.repository.lease(served.repository.find("one"))
        for now, state in ((1000, "available"), (1059, "available"), (1060, "unloaded")):
            served.now = now
            if now == 1000:
                served.repository.unload_idle()
                lease.release()
            served.repository.unload_idle()
            assert served.repository.states() == {"one": state}

    played(served, scenario)


def test_requests_for_an_unloaded_model_wait_for_one_load(tmp_path: Path) -> None:
    served = Served(tmp_path, IDLE)

    async def scenario() -> None:
        model = served.repository.find("one")
        assert model.unload("of a test")
        await served.repository.ended()
        leases = await asyncio.gather(*(served.repository.lease(model) for _ in range(3)))
        assert len({id(lease.served) for lease in leases}) == 1
        assert [life for life in LIFE if "one" in life] == ["open one", "close one", "open one"]
        assert not model.unload("of a test"), "it is in use"
        for lease in leases:
            lease.release()

    played(served, scenario)


def test_requests_wait_for_a_load_no_longer_than_the_limit(tmp_path: Path) -> None:
    text = "models: {one: {graph: ./model.yaml, parameters: {mood: %s}}}"
    served = Served(tmp_path, text % "good", load_wait_seconds=0.01)

    async def scenario() -> None:
        model = served.repository.find("one")
        model.unload("of a test")
        change = await served.change(text % "slow")
        assert (change.replaced, model.state) == (("one",), "unloaded")
        assert LIFE == ["open good"], "what nobody uses is not loaded by a reload"
        refused = await asyncio.gather(
            *(served.repository.lease(model) for _ in range(2)), return_exceptions=True
        )
        for error in refused:
            assert isinstance(error, RequestError)
            assert (error.status, error.code) == (503, "model_loading")
            assert error.retry_after
        assert model.state == "loading", "it goes on for those who come back"

    played(served, scenario)


def test_a_reload_while_requests_wait_serves_them_with_what_it_opens(tmp_path: Path) -> None:
    text = "models: {one: {graph: ./model.yaml, parameters: {mood: %s}}}"
    served = Served(tmp_path, text % "good")

    async def scenario() -> None:
        model = served.repository.find("one")
        model.unload("of a test")
        await served.change(text % "slow")
        waiting = asyncio.create_task(served.repository.lease(model))
        while model.state != "loading":
            await asyncio.sleep(0)
        await served.change(text % "better")
        lease = await waiting
        assert lease.served is model.served
        assert LIFE[-1] == "open better"
        lease.release()

    played(served, scenario)


def test_a_model_that_cannot_be_loaded_again_is_tried_again_after_a_while(tmp_path: Path) -> None:
    text = "models: {one: {graph: ./model.yaml, parameters: {mood: %s}}}"
    served = Served(tmp_path, text % "good")

    async def scenario() -> None:
        model = served.repository.find("one")
        model.unload("of a test")
        await served.change(text % "bad")
        for now in (0, 29, 30):
            served.now = now
            with pytest.raises(RequestError) as raised:
                await served.repository.lease(model)
            assert (raised.value.status, raised.value.code) == (503, "model_unavailable")
        assert LIFE == ["open good", "close good", "try bad", "try bad"]
        await served.change(text % "good")
        (await served.repository.lease(model)).release()

    played(served, scenario)


def test_a_resource_goes_with_the_last_model_that_uses_it_and_comes_back(tmp_path: Path) -> None:
    served = Served(
        tmp_path,
        "resources: {shared: {graph: ./shared.yaml, parameters: {mood: shared}}}\n"
        "models: {one: {graph: ./model.yaml, resources: [shared]},"
        " two: {graph: ./model.yaml, resources: [shared]}}",
    )

    async def scenario() -> None:
        one, two = served.repository.find("one"), served.repository.find("two")
        one.unload("of a test")
        await served.repository.ended()
        assert LIFE == ["open shared"]
        two.unload("of a test")
        await served.repository.ended()
        assert LIFE == ["open shared", "close shared"]
        lease = await served.repository.lease(two)
        assert LIFE == ["open shared", "close shared", "open shared"]
        lease.release()

    played(served, scenario)


def test_what_a_request_loads_outlives_it_and_says_nothing_in_its_name(tmp_path: Path) -> None:
    served = Served(tmp_path, "models: {one: {graph: ./model.yaml}}")
    names = []

    class Listening(Quiet):
        def available(self, title: str, seconds: float) -> None:
            names.append((title, current_request_id()))

    async def scenario() -> None:
        model = served.repository.find("one")
        model.unload("of a test")
        with serving("the-first"):
            await model.loaded(Listening())
        assert names == [("model one", None)]

    played(served, scenario)
