"""One model name before several graphs: they share what the first one loads, and are one model to all else."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from ovpipe.calculator import Calculator, Context
from ovpipe.errors import GraphError, RequestError
from ovpipe.http import HttpRequest, ModelIn, ResponsePart, Route
from ovpipe.ports import Input, Output, SideInput, SideOutput
from ovpipe.registry import Registry
from ovpipe.serving.models.graph_lease import GraphLease
from ovpipe.serving.models.repository import Repository
from tests.serving.models.changing import (
    LIFE,
    LoadedMotor,
    MotorCalculator,
    MotorDoorCalculator,
    Quiet,
    Served,
    played,
)

CHAT = Route("POST", "/v1/chat/completions", body="json", model=ModelIn("body"))
COUNT = Route("POST", "/v1/count", body="json", model=ModelIn("body"))

COUNTER = """version: 1
parameters: {mood: {type: string, default: good}, step: {type: integer, default: 1}}
inputs: [request]
outputs: [response]
nodes:
  motor: {calculator: MotorCalculator, side_outputs: {motor: motor}, options: {mood: "${mood}"}}
  tally: {calculator: TallyCalculator, side_inputs: {motor: motor}, side_outputs: {tally: tally}}
  counter:
    calculator: CounterCalculator
    side_inputs: {motor: motor, tally: tally}
    inputs: {request: request}
    outputs: {response: response}
    options: {step: "${step}"}
"""


class Tally:
    """What one graph has for itself."""

    def variants(self) -> list[str]:
        return ["up", "down"]


class TallyCalculator(Calculator):
    motor = SideInput[LoadedMotor]()
    tally = SideOutput[Tally]()

    def open(self, cx: Context) -> None:
        LIFE.append("open tally")
        cx.set_side(self.tally, Tally())

    def close(self, cx: Context) -> None:
        LIFE.append("close tally")


class CounterCalculator(Calculator):
    motor = SideInput[LoadedMotor]()
    tally = SideInput[Tally]()
    request = Input[HttpRequest]()
    response = Output[ResponsePart]()

    def __init__(self, *, step: int = 1) -> None:
        self.step = step

    def routes(self) -> list[Route]:
        return [COUNT]


class SkilledDoorCalculator(MotorDoorCalculator):
    """Says what it can do, or fails at it."""

    def __init__(self, *, path: str = "/v1/chat/completions", skills: dict[str, Any] | None = None) -> None:
        super().__init__(path=path)
        self.skills = skills

    def model_capabilities(self, side_packets: Mapping[str, Any]) -> Mapping[str, Any]:
        assert isinstance(side_packets["motor"], LoadedMotor)
        if self.skills is None:
            raise OSError("nobody knows")
        return self.skills


class OtherDoorCalculator(Calculator):
    """Takes another kind of motor."""

    motor = SideInput[int]()
    request = Input[HttpRequest]()
    response = Output[ResponsePart]()

    def routes(self) -> list[Route]:
        return [Route("POST", "/v1/other", body="json", model=ModelIn("body"))]


class NumberCalculator(Calculator):
    motor = SideOutput[int]()


class SeveralGraphs(Served):
    """With a second graph beside model.yaml."""

    registry = Registry.of(
        MotorCalculator,
        MotorDoorCalculator,
        TallyCalculator,
        CounterCalculator,
        OtherDoorCalculator,
        NumberCalculator,
        SkilledDoorCalculator,
    )

    def __init__(self, folder: Path, text: str, **limits: Any) -> None:
        (folder / "counter.yaml").write_text(COUNTER)
        super().__init__(folder, text, **limits)


BOTH = "models: {m: {graphs: [./model.yaml, ./counter.yaml]}}"
FIRST = "models: {m: {graphs: [./model.yaml]}}"


def mistakes(folder: Path, text: str) -> list[str]:
    with pytest.raises(GraphError) as raised:
        SeveralGraphs(folder, text)
    return [
        f"{Path(finding.file).name}:{finding.line}: {finding.message}" for finding in raised.value.findings
    ]


def graphs_of(repository: Repository) -> list[Any]:
    return [one.graph for one in repository.find("m").served.graphs]


def test_the_first_graph_loads_the_model_and_the_others_share_it(tmp_path: Path) -> None:
    served = SeveralGraphs(tmp_path, BOTH)

    async def scenario() -> None:
        first, second = graphs_of(served.repository)
        assert LIFE == ["open good", "open tally"]
        assert first.side_packets["motor"] is second.side_packets["motor"]
        model = served.repository.find("m")
        assert set(model.own_side_packets()) == {"motor", "tally"}
        assert model.variants() == ["up", "down"]
        assert [str(route) for route in served.repository.table.routes] == [
            "POST /v1/chat/completions",
            "POST /v1/count",
        ]

    played(served, scenario)
    assert LIFE == ["open good", "open tally", "close tally", "close good"]


def test_a_request_runs_on_the_graph_that_declares_its_route(tmp_path: Path) -> None:
    served = SeveralGraphs(tmp_path, BOTH)

    async def scenario() -> None:
        model = served.repository.find("m")
        on = [GraphLease.of(model.lease(), route).graph.name for route in (CHAT, COUNT)]
        assert on == ["model", "counter"]
        (generation,) = model.snapshot().generations
        assert generation.requests == 2, "a lease is on all graphs of a generation"

    played(served, scenario)


def test_a_parameter_goes_to_each_graph_that_declares_it(tmp_path: Path) -> None:
    parameters = "parameters: {mood: gay, path: /v1/talk, step: 3}"
    served = SeveralGraphs(
        tmp_path, f"models: {{m: {{graphs: [./model.yaml, ./counter.yaml], {parameters}}}}}"
    )

    async def scenario() -> None:
        assert LIFE[0] == "open gay"
        first, second = (one.plan for one in served.repository.find("m").served.graphs)
        assert first.nodes[0].options == {"path": "/v1/talk"}
        assert second.nodes[0].options == {"step": 3}

    played(served, scenario)


def test_a_resource_comes_before_the_first_graph(tmp_path: Path) -> None:
    served = SeveralGraphs(
        tmp_path,
        "resources: {r: {graph: ./shared.yaml, parameters: {mood: calm}}}\n"
        "models: {m: {graphs: [./model.yaml, ./counter.yaml], resources: [r]}}",
    )

    async def scenario() -> None:
        assert LIFE == ["open calm", "open tally"]
        model = served.repository.find("m")
        assert set(model.own_side_packets()) == {"tally"}
        assert model.resources == {"r"}

    played(served, scenario)
    assert LIFE == ["open calm", "open tally", "close tally", "close calm"]


@pytest.mark.parametrize(
    ("model", "found"),
    [
        (
            "{graphs: [./model.yaml, ./counter.yaml], parameters: {stepp: 3}}",
            "server.yaml:2: a value is given for parameter 'stepp'; no graph of model 'm' has such a parameter; "
            "did you mean 'step'?",
        ),
        (
            "{graphs: [./model.yaml, ./twin.yaml]}",
            "server.yaml:2: graphs 'model' and 'twin' of model 'm' both declare the route POST "
            "/v1/chat/completions ({0}/model.yaml:7 and {0}/twin.yaml:7); leave out one of the graphs",
        ),
        (
            "{graphs: [./model.yaml, ./other.yaml]}",
            "server.yaml:2: OtherDoorCalculator.motor ({0}/other.yaml:6) takes int, but side packet 'motor' "
            "carries LoadedMotor, from MotorCalculator.motor of graph 'model' ({0}/model.yaml:6)",
        ),
        (
            "{graphs: [./model.yaml, ./deeper/model.yaml]}",
            "server.yaml:2: model 'm' has two graphs of the name 'model': {0}/model.yaml and "
            "{0}/deeper/model.yaml; give one of them a `name:` of its own",
        ),
        (
            "{graphs: [./counter.yaml, ./model.yaml], parameters: {mood: 5}}",
            "server.yaml:2: parameter 'mood' takes a string, not 5",
        ),
    ],
)
def test_a_mistake_of_several_graphs_is_one_line_with_its_remedy(
    tmp_path: Path, model: str, found: str
) -> None:
    changing = Path(__file__).with_name("changing.py").read_text()
    text = changing.partition('MODEL = """')[2].partition('"""')[0]
    (tmp_path / "twin.yaml").write_text(text)
    (tmp_path / "deeper").mkdir()
    (tmp_path / "deeper" / "model.yaml").write_text(text.replace("/v1/chat/completions", "/v1/deeper"))
    (tmp_path / "other.yaml").write_text(
        "version: 1\ninputs: [request]\noutputs: [response]\nnodes:\n"
        "  motor: {calculator: NumberCalculator, side_outputs: {motor: motor}}\n"
        "  door: {calculator: OtherDoorCalculator, side_inputs: {motor: motor}, "
        "inputs: {request: request}, outputs: {response: response}}\n"
    )
    assert mistakes(tmp_path, f"models: {{m: {model}}}") == [found.replace("{0}", str(tmp_path))]


def test_a_value_that_no_graph_can_use_is_a_mistake(tmp_path: Path) -> None:
    text = (
        "resources: {r: {graph: ./shared.yaml}}\n"
        "models: {m: {graphs: [./model.yaml, ./counter.yaml], resources: [r], parameters: {mood: calm}}}"
    )
    assert mistakes(tmp_path, text) == [
        "server.yaml:3: parameter 'mood' has no effect: side packets from outside replace all nodes that refer "
        "to it; remove it"
    ]


def test_a_resource_that_only_a_later_graph_knows_is_no_mistake(tmp_path: Path) -> None:
    (tmp_path / "tallies.yaml").write_text(
        "version: 1\nside_outputs: [tally]\nnodes:\n"
        "  motor: {calculator: MotorCalculator, side_outputs: {motor: motor}}\n"
        "  tally: {calculator: TallyCalculator, side_inputs: {motor: motor}, side_outputs: {tally: tally}}\n"
    )
    both = "graphs: [./model.yaml, ./counter.yaml]"
    resources = "resources: {r: {graph: ./tallies.yaml}}"
    SeveralGraphs(tmp_path, f"{resources}\nmodels: {{m: {{{both}, resources: {{tally: r.tally}}}}}}")
    assert mistakes(tmp_path, f"{resources}\nmodels: {{m: {{{both}, resources: {{tolly: r.tally}}}}}}") == [
        "server.yaml:3: graphs 'model', 'counter' take no side packet 'tolly' from outside: did you mean 'tally'?"
    ]


def test_a_graph_that_comes_or_goes_by_a_reload_leaves_the_others_open(tmp_path: Path) -> None:
    served = SeveralGraphs(tmp_path, FIRST)

    async def scenario() -> None:
        (before,) = graphs_of(served.repository)
        change = await served.change(BOTH)
        assert change.replaced == ("m",)
        await served.repository.ended()
        first, second = graphs_of(served.repository)
        assert first is before
        assert LIFE == ["open good", "open tally"], "the engine was not loaded a second time"
        assert second.side_packets["motor"] is first.side_packets["motor"]
        await served.change(FIRST)
        await served.repository.ended()
        assert graphs_of(served.repository) == [before]
        assert LIFE == ["open good", "open tally", "close tally"]

    played(served, scenario)
    assert LIFE == ["open good", "open tally", "close tally", "close good"]


def test_a_graph_that_leaves_ends_its_requests_first(tmp_path: Path) -> None:
    served = SeveralGraphs(tmp_path, BOTH)

    async def scenario() -> None:
        model = served.repository.find("m")
        counting = GraphLease.of(model.lease(), COUNT)
        await served.change(FIRST)
        assert "close tally" not in LIFE
        assert [one.state for one in model.snapshot().generations] == ["draining", "serving"]
        with pytest.raises(RequestError, match="does not serve this path"):
            GraphLease.of(model.lease(), COUNT)
        counting.lease.release()
        await served.repository.ended()
        assert LIFE == ["open good", "open tally", "close tally"]
        assert [one.requests for one in model.snapshot().generations] == [0]

    played(served, scenario)


def test_another_model_for_the_first_graph_opens_all_anew(tmp_path: Path) -> None:
    served = SeveralGraphs(tmp_path, BOTH)

    async def scenario() -> None:
        await served.change("models: {m: {graphs: [./model.yaml, ./counter.yaml], parameters: {mood: new}}}")
        await served.repository.ended()
        assert LIFE == ["open good", "open tally", "open new", "open tally", "close tally", "close good"]
        assert (await served.change(BOTH.replace("}}", ", parameters: {mood: new}}}"))).kept == ("m",)

    played(served, scenario)


def test_a_graph_that_fails_to_open_fails_the_generation_and_not_the_one_before(tmp_path: Path) -> None:
    served = SeveralGraphs(tmp_path, FIRST)
    (tmp_path / "bad.yaml").write_text(
        COUNTER.replace("motor: motor", "motor: own").replace("default: good", "default: bad")
    )

    async def scenario() -> None:
        await served.change("models: {m: {graphs: [./model.yaml, ./bad.yaml]}}")
        model = served.repository.find("m")
        assert model.reason.startswith("graph 'bad': node 'motor'")
        assert model.reason.endswith("MemoryError: no room")
        assert LIFE == ["open good", "try bad"]
        assert model.state == "available"
        GraphLease.of(model.lease(), CHAT).lease.release()

    played(served, scenario)


def test_an_idle_model_unloads_all_its_graphs_and_loads_them_again(tmp_path: Path) -> None:
    served = SeveralGraphs(tmp_path, BOTH.replace("}}", ", idle_unload: 60}}"))

    async def scenario() -> None:
        served.now = 61
        served.repository.unload_idle()
        await served.repository.ended()
        assert LIFE == ["open good", "open tally", "close tally", "close good"]
        await served.repository.loaded(served.repository.find("m"))
        first, second = graphs_of(served.repository)
        assert first.side_packets["motor"] is second.side_packets["motor"]
        assert LIFE[4:] == ["open good", "open tally"]

    played(served, scenario)


def test_a_rename_goes_on_with_all_graphs(tmp_path: Path) -> None:
    served = SeveralGraphs(tmp_path, BOTH)

    async def scenario() -> None:
        change = await served.change(BOTH.replace("{m:", "{n:"))
        assert dict(change.renamed) == {"n": "m"}
        assert [one.title for one in served.repository.find("n").served.graphs] == ["model n", "model n"]
        assert LIFE == ["open good", "open tally"]

    played(served, scenario)


def test_a_load_that_is_given_up_in_a_later_graph_leaves_the_first_to_the_next(tmp_path: Path) -> None:
    served = SeveralGraphs(tmp_path, FIRST)
    (tmp_path / "slow.yaml").write_text(
        COUNTER.replace("motor: motor", "motor: own").replace("default: good", "default: slow")
    )

    async def scenario() -> None:
        declared = served.declared("models: {m: {graphs: [./model.yaml, ./slow.yaml]}}")
        served.repository.change(declared, Quiet())
        await served.change(BOTH)
        await served.repository.ended()
        assert LIFE == ["open good", "open tally"]
        assert [one.users for one in served.repository.find("m").served.graphs] == [2, 1]

    played(served, scenario)


def test_a_model_can_do_what_one_of_its_graphs_says_it_can(tmp_path: Path) -> None:
    changing = Path(__file__).with_name("changing.py").read_text()
    text = changing.partition('MODEL = """')[2].partition('"""')[0].replace("MotorDoor", "SkilledDoor")
    for name, skills in (
        ("one", "{tools: false, precision: null, max_model_len: 5}"),
        ("two", "{tools: true, precision: f32, max_model_len: 7}"),
        ("three", "null"),
    ):
        options = f'options: {{skills: {skills}, path: "${{path}}"}}'
        door = text.replace('options: {path: "${path}"}', options).replace(
            "/v1/chat/completions", f"/v1/{name}"
        )
        (tmp_path / f"{name}.yaml").write_text(door)
    served = SeveralGraphs(tmp_path, "models: {m: {graphs: [./one.yaml, ./two.yaml, ./three.yaml]}}")
    model = served.repository.find("m").served
    endpoints = ["/v1/one", "/v1/two", "/v1/three"]
    assert model.capabilities() == {"endpoints": endpoints}, "the rest is not known before it is open"

    async def scenario() -> None:
        can = {"tools": True, "precision": "f32", "max_model_len": 5}
        assert model.capabilities() == {"endpoints": endpoints, **can}

    played(served, scenario)
