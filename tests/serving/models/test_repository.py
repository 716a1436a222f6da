"""Models by name: opened together, failing alone, closed together within a bound."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Any

import pytest

from ovpipe.calculator import Calculator, Context
from ovpipe.errors import GraphError, RequestError, RunCancelled
from ovpipe.http import HttpRequest, ModelIn, ResponsePart, Route
from ovpipe.ports import Input, Output, SideOutput
from ovpipe.registry import Registry
from ovpipe.serving.config import ModelConfig, ModelGraph
from ovpipe.serving.metrics.page import Metrics
from ovpipe.serving.models.model_state import ModelState
from ovpipe.serving.models.repository import Repository

GRAPH = """
version: 1
parameters: {{mood: {{type: string, default: good}}}}
inputs: [{inputs}]
outputs: [{outputs}]
nodes:
  engine: {{calculator: Engine, side_outputs: {{engine: engine}}, options: {{mood: "${{mood}}"}}}}
  door: {{calculator: Door, inputs: {{request: request}}, outputs: {{response: response}}}}
"""


class Motor:
    is_up = True

    def metrics(self) -> dict[str, Any]:
        return {
            "motor_turns": 3,
            "motor_seconds_total": {"part": {"piston": 1.5, "shaft": 2}},
            "motor_load_bucket": {"le": {"1": 2, "+Inf": 5}},
            "motor_load_sum": 40,
            "motor_load_count": 5,
            "motor_noise": {"part": {}},
        }

    def variants(self) -> list[str]:
        return ["fast", "slow"]


class BrokenMotor:
    def metrics(self) -> dict[str, float]:
        raise SystemExit("whatever class it is of")


class Engine(Calculator):
    engine = SideOutput[object]()

    def __init__(self, *, mood: str = "good") -> None:
        self.mood = mood

    async def open(self, cx: Context) -> None:
        cx.progress("starting", 0.5)
        if self.mood == "bad":
            raise MemoryError("no room")
        cx.set_side(self.engine, BrokenMotor() if self.mood == "mute" else Motor())

    async def close(self, cx: Context) -> None:
        if self.mood == "stubborn":
            await asyncio.Event().wait()


class Door(Calculator):
    request = Input[HttpRequest]()
    response = Output[ResponsePart]()

    def routes(self) -> list[Route]:
        return [Route("POST", "/v1/chat/completions", body="json", model=ModelIn("body"))]


class LingeringDoor(Door):
    """Closes when it is released, by what its request brought."""

    def process(self, cx: Context) -> None:
        self.released: asyncio.Event = cx[self.request].json

    async def close(self, cx: Context) -> None:
        await self.released.wait()


class Listener:
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def loading(self, title: str, node: str, message: str, fraction: float | None) -> None:
        self.told.append(f"{title} loading {node} {message} {fraction}")

    def available(self, title: str, seconds: float) -> None:
        self.told.append(f"{title} available")

    def failed(self, title: str, reason: str) -> None:
        self.told.append(f"{title} failed {reason}")


def repository(
    folder: Path, *, inputs: str = "request", outputs: str = "response", **moods: str
) -> Repository:
    file = folder / "graph.yaml"
    file.write_text(GRAPH.format(inputs=inputs, outputs=outputs).lstrip())
    registry = Registry()
    registry.add(Engine)
    registry.add(Door)
    return Repository.load(
        [ModelConfig(name, (ModelGraph(file),), {"mood": mood}, folder) for name, mood in moods.items()],
        registry,
    )


def test_a_model_is_recovering_while_a_side_packet_says_that_it_is_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        models = repository(tmp_path, one="good", two="bad")
        await models.open(Listener())
        monkeypatch.setattr(Motor, "is_up", False)
        assert models.states() == {"one": "recovering", "two": "failed"}
        monkeypatch.setattr(Motor, "is_up", True)
        assert models.states() == {"one": "available", "two": "failed"}
        await models.close(1)

    asyncio.run(scenario())


def test_models_open_each_for_itself(tmp_path: Path) -> None:
    async def load() -> tuple[Repository, list[str]]:
        models = repository(tmp_path, one="good", two="bad", three="good")
        assert set(models.states().values()) == {ModelState.LOADING}
        listener = Listener()
        await models.open(listener)
        assert not models.all_failed()
        states = dict(models.states())
        await models.close(1)
        assert states == {"one": "available", "two": "failed", "three": "available"}
        return models, listener.told

    models, told = asyncio.run(load())
    assert sorted(told) == [
        "model one available",
        "model one loading engine starting 0.5",
        "model three available",
        "model three loading engine starting 0.5",
        f"model two failed node 'engine' ({tmp_path}/graph.yaml:6): MemoryError: no room",
        "model two loading engine starting 0.5",
    ]
    assert [model.name for model in models.available()] == ["one", "three"]
    with pytest.raises(RequestError) as raised:
        models.find("two").ready()
    assert (raised.value.status, raised.value.code) == (503, "model_unavailable")
    assert "room" not in raised.value.message


def test_a_fault_while_a_model_opens_is_that_models_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Deaf(Listener):
        def available(self, title: str, seconds: float) -> None:
            if title == "model one":
                raise BrokenPipeError("nobody reads what is printed")

    async def load() -> dict[str, ModelState]:
        models = repository(tmp_path, one="good", two="good")
        await models.open(Deaf())
        states = models.states()
        await models.close(1)
        return states

    assert asyncio.run(load()) == {"one": "failed", "two": "available"}
    assert "model one failed to load\nTraceback" in caplog.text


def test_an_unknown_model_is_refused_with_the_names_of_the_others(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"Models served: one, two\.") as raised:
        repository(tmp_path, one="good", two="good").find("three")
    assert (raised.value.status, raised.value.code, raised.value.param) == (404, "model_not_found", "model")


def test_closing_does_not_wait_for_a_model_that_will_not(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def close() -> float:
        models = repository(tmp_path, one="good", two="stubborn")
        await models.open(Listener())
        began = asyncio.get_running_loop().time()
        await models.close(0.05)
        return asyncio.get_running_loop().time() - began

    with caplog.at_level(logging.WARNING):
        assert asyncio.run(close()) < 5
    assert "model two did not close within 0.05 s; it is left behind" in caplog.text


def test_a_run_that_does_not_end_leaves_its_model_time_to_close_what_is_shared(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "graph.yaml"
    file.write_text(
        GRAPH.format(inputs="request", outputs="response").replace("Door", "LingeringDoor").lstrip()
    )
    models = Repository.load(
        [ModelConfig("one", (ModelGraph(file),), {"mood": "good"}, tmp_path)],
        Registry.of(Engine, LingeringDoor),
    )

    async def close() -> None:
        released = asyncio.Event()
        await models.open(Listener())
        run = models.find("one").ready().graphs[0].graph.run()
        await run.send("request", HttpRequest("POST", "/chat/completions", json=released))
        await models.close(0.1)
        released.set()
        with pytest.raises(RunCancelled):
            await run.wait()

    with caplog.at_level(logging.WARNING):
        asyncio.run(close())
    [left_behind] = caplog.messages
    assert "the nodes of run 1 did not close within 0.05 s" in left_behind


def test_a_graph_without_one_output_stream_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        GraphError,
        match=r"graph.yaml:1: graph 'graph' cannot be served: it has 0 output streams; the front door needs exactly one",
    ):
        repository(tmp_path, outputs="", one="good")


def test_the_same_mistake_of_two_models_is_told_once(tmp_path: Path) -> None:
    with pytest.raises(GraphError) as raised:
        repository(tmp_path, outputs="", one="good", two="good")
    assert len(raised.value.findings) == 1


def test_metrics_of_side_packets_stand_by_model_and_a_broken_one_costs_only_itself(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def read() -> str:
        models = repository(tmp_path, one="good", two="mute", three="bad", four="good")
        metrics = Metrics(models)
        assert "motor" not in metrics.text().decode()  # nothing is open yet
        await models.open(Listener())
        page = metrics.text().decode()
        await models.close(1)
        return page

    page = asyncio.run(read())
    assert [line for line in page.splitlines() if line.startswith("ovpipe_motor_turns")] == [
        'ovpipe_motor_turns{model="one",side_packet="engine"} 3.0',
        'ovpipe_motor_turns{model="four",side_packet="engine"} 3.0',
    ]
    assert "the metrics of side packet 'two.engine' cannot be read" in caplog.text


def test_a_side_packet_s_metric_may_have_a_label_of_its_own_or_be_a_histogram(tmp_path: Path) -> None:
    async def read() -> str:
        models = repository(tmp_path, one="good")
        await models.open(Listener())
        page = Metrics(models).text().decode()
        await models.close(1)
        return page

    lines = asyncio.run(read()).splitlines()
    assert [line for line in lines if "motor_seconds" in line or "motor_load" in line] == [
        "# HELP ovpipe_motor_seconds_total Of a side packet of a model's or a resource's graph.",
        "# TYPE ovpipe_motor_seconds_total counter",
        'ovpipe_motor_seconds_total{model="one",part="piston",side_packet="engine"} 1.5',
        'ovpipe_motor_seconds_total{model="one",part="shaft",side_packet="engine"} 2.0',
        "# HELP ovpipe_motor_load Of a side packet of a model's or a resource's graph.",
        "# TYPE ovpipe_motor_load histogram",
        'ovpipe_motor_load_bucket{le="1",model="one",side_packet="engine"} 2.0',
        'ovpipe_motor_load_bucket{le="+Inf",model="one",side_packet="engine"} 5.0',
        'ovpipe_motor_load_sum{model="one",side_packet="engine"} 40.0',
        'ovpipe_motor_load_count{model="one",side_packet="engine"} 5.0',
    ]
    assert not any("motor_noise" in line for line in lines), "no value of the label, so nothing to say"


def test_a_variant_of_a_model_is_found_by_what_its_side_packets_say(tmp_path: Path) -> None:
    async def resolve() -> None:
        models = repository(tmp_path, **{"one": "good", "one:slow": "good", "two": "mute", "bad": "bad"})
        with pytest.raises(RequestError) as early:
            models.resolve("one:fast")
        assert early.value.status == 503, "it is loading, and cannot be asked"
        await models.open(Listener())
        found = [models.resolve(name) for name in ("one", "one:fast", "one:slow")]
        assert [(model.name, variant) for model, variant in found] == [
            ("one", None),
            ("one", "fast"),
            ("one:slow", None),  # a model of that very name
        ]
        for name, said in (
            ("one:other", "no such variant. There are: one, one:fast, one:slow."),
            ("two:fast", "no such variant. There are: two."),
            ("nix:fast", "Models served: one, one:slow, two, bad."),
        ):
            with pytest.raises(RequestError, match=said) as refused:
                models.resolve(name)
            assert (refused.value.status, refused.value.param) == (404, "model")
        await models.close(1)

    asyncio.run(resolve())
