"""A memory budget: models that nobody uses make room, and where two generations do not fit, one drains first.

The sizes are those of the models' files, here of 1 MiB each.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from ovpipe.errors import RequestError
from ovpipe.serving.models.memory import held_by, resident_bytes
from tests.serving.models.changing import LIFE, MODEL, Quiet, Served, played

MIB = 1 << 20


def weighty(folder: Path, budget_mib: float, *models: str, **limits: float) -> Served:
    """Models with a file of 1 MiB each; `name!` is pinned."""
    return Served(folder, text(folder, budget_mib, *models), **limits)


def text(folder: Path, budget_mib: float, *models: str) -> str:
    (folder / "weighty.yaml").write_text(
        MODEL.replace("parameters: {", "parameters: {models_path: {type: path}, ").replace(
            'options: {mood: "${mood}"}', 'options: {mood: "${mood}", path: "${models_path}"}'
        )
    )
    lines = [f"memory_budget: {budget_mib / 1024}", "models:"]
    for model in models:
        name, _, mood = model.partition("=")
        pinned = name.endswith("!")
        name = name.rstrip("!")
        weights = folder / "weights" / name
        weights.mkdir(parents=True, exist_ok=True)
        if not (weights / "weights.bin").exists():
            (weights / "weights.bin").write_bytes(bytes(MIB))
        parameters = f"{{models_path: weights/{name}, mood: {mood or name}}}"
        lines.append(
            f"  {name}: {{graph: ./weighty.yaml, pinned: {str(pinned).lower()}, parameters: {parameters}}}"
        )
    return "\n".join(lines)


def test_what_does_not_fit_at_the_start_loads_for_its_first_request_in_place_of_the_least_recently_used(
    tmp_path: Path,
) -> None:
    served = weighty(tmp_path, 2.5, "one", "two", "three")

    async def scenario() -> None:
        assert served.repository.states() == {"one": "available", "two": "available", "three": "unloaded"}
        for now, name in ((1, "two"), (2, "one")):
            served.now = now
            (await served.repository.lease(served.repository.find(name))).release()
        (await served.repository.lease(served.repository.find("three"))).release()
        assert served.repository.states() == {"one": "available", "two": "unloaded", "three": "available"}
        assert LIFE == ["open one", "open two", "close two", "open three"]

    played(served, scenario)


def test_a_model_that_is_used_or_pinned_makes_no_room(tmp_path: Path) -> None:
    served = weighty(tmp_path, 2.5, "one", "pinned!", "three")

    async def scenario() -> None:
        one, three = served.repository.find("one"), served.repository.find("three")
        lease = await served.repository.lease(one)
        with pytest.raises(RequestError, match="leave no memory for it") as raised:
            await served.repository.lease(three)
        assert (raised.value.status, raised.value.code) == (503, "model_unloaded")
        assert raised.value.retry_after
        lease.release()
        (await served.repository.lease(three)).release()
        assert served.repository.states() == {"one": "unloaded", "pinned": "available", "three": "available"}

    played(served, scenario)


def test_a_model_larger_than_the_budget_is_loaded_where_it_is_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    served = weighty(tmp_path, 0.5, "one")

    async def scenario() -> None:
        assert served.repository.states() == {"one": "available"}
        assert "model one alone needs 1 MiB, more than the memory budget of 0 MiB" in caplog.text

    played(served, scenario)


def test_two_generations_that_do_not_fit_follow_each_other(tmp_path: Path) -> None:
    served = weighty(tmp_path, 1.5, "one=old")

    async def scenario() -> None:
        model = served.repository.find("one")
        lease = model.lease()
        change, opening = served.repository.change(served.declared(text(tmp_path, 1.5, "one=new")), Quiet())
        assert change.replaced == ("one",)
        while model.state != "loading":
            await asyncio.sleep(0)
        with pytest.raises(RequestError) as raised:
            await served.repository.lease(model)
        assert (raised.value.status, raised.value.code) == (503, "model_loading")
        assert LIFE == ["open old"], "the old one has a request"
        lease.release()
        await asyncio.wait(opening)
        assert LIFE == ["open old", "close old", "open new"]
        assert model.state == "available"

    played(served, scenario)


def test_where_the_next_generation_fails_after_the_old_one_has_drained_the_old_one_opens_again(
    tmp_path: Path,
) -> None:
    served = weighty(tmp_path, 1.5, "one=old")

    async def scenario() -> None:
        await served.change(text(tmp_path, 1.5, "one=bad"))
        model = served.repository.find("one")
        assert LIFE == ["open old", "close old", "try bad", "open old"]
        assert model.state == "available"
        assert "MemoryError" in model.reason

    played(served, scenario)


def test_two_generations_that_fit_open_side_by_side(tmp_path: Path) -> None:
    served = weighty(tmp_path, 2.5, "one=old")

    async def scenario() -> None:
        await served.change(text(tmp_path, 2.5, "one=new"))
        await served.repository.ended()
        assert LIFE == ["open old", "open new", "close old"]

    played(served, scenario)


def test_what_a_process_holds_is_measured() -> None:
    class WithProcess:
        def metrics(self) -> dict[str, float]:
            return {"engine_pid": float(os.getpid())}

    assert held_by({"engine": WithProcess(), "same": WithProcess(), "other": object()}) > 10 * MIB
    assert resident_bytes(0) == 0
