"""Resources of server.yaml: opened once, shared by models, checked whole before anything opens."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from ovpipe.calculator import Calculator, Context
from ovpipe.errors import GraphError
from ovpipe.http import HttpRequest, ModelIn, ResponsePart, Route
from ovpipe.ports import Input, Output, SideInput, SideOutput
from ovpipe.registry import Registry
from ovpipe.serving.config_file import read_server_config
from ovpipe.serving.metrics.page import Metrics
from ovpipe.serving.models.repository import Repository

Load = Callable[[str], Repository]


class Motor:
    """What is shared."""

    def metrics(self) -> dict[str, float]:
        return {"motor_turns_total": 3}


class Vocabulary:
    """What else is shared."""


LIFE: list[str] = []
"""What opened and closed, in order; each test begins with none."""


class EngineCalculator(Calculator):
    engine = SideOutput[Motor]()

    def __init__(self, *, path: str, mood: str = "good") -> None:
        if mood not in ("good", "bad"):
            raise ValueError(f"there is no mood {mood!r}")
        self.path, self.mood = Path(path).name, mood

    async def open(self, cx: Context) -> None:
        cx.progress("reading weights", 0.5)
        await asyncio.sleep(0)  # the models' turn, if they did not wait
        if self.mood == "bad":
            raise MemoryError("no room")
        LIFE.append(f"open {self.path}")
        cx.set_side(self.engine, Motor())

    def close(self, cx: Context) -> None:
        LIFE.append(f"close {self.path}")


class VocabularyCalculator(Calculator):
    vocabulary = SideOutput[Vocabulary]()

    def open(self, cx: Context) -> None:
        cx.set_side(self.vocabulary, Vocabulary())


class CloseCalculator(Calculator):
    """A node of a model's own, which says when its graph closes."""

    engine = SideInput[Motor]()
    own = SideOutput[object]()

    def open(self, cx: Context) -> None:
        LIFE.append("open model")
        cx.set_side(self.own, cx[self.engine])

    def close(self, cx: Context) -> None:
        LIFE.append("close model")


class DoorCalculator(Calculator):
    engine = SideInput[Motor]()
    vocabulary = SideInput[Vocabulary](optional=True)
    own = SideInput[object](optional=True)
    request = Input[HttpRequest]()
    response = Output[ResponsePart]()

    def __init__(self, *, limit: int = 1) -> None:
        self.limit = limit

    def routes(self) -> list[Route]:
        return [Route("POST", "/v1/chat/completions", body="json", model=ModelIn("body"))]


WEIGHTS = """version: 1
parameters: {path: {type: path}, mood: {type: string, default: good}}
side_outputs: [engine, vocabulary]
nodes:
  engine: {calculator: EngineCalculator, side_outputs: {engine: engine}, options: {path: "${path}", mood: "${mood}"}}
  vocabulary: {calculator: VocabularyCalculator, side_outputs: {vocabulary: vocabulary}}
"""
CHAT = """version: 1
parameters: {path: {type: path}, limit: {type: integer, default: 1}}
inputs: [request]
outputs: [response]
nodes:
  engine: {calculator: EngineCalculator, side_outputs: {engine: engine}, options: {path: "${path}"}}
  close: {calculator: CloseCalculator, side_inputs: {engine: engine}, side_outputs: {own: own}}
  door:
    calculator: DoorCalculator
    side_inputs: {engine: engine, own: own}
    inputs: {request: request}
    outputs: {response: response}
    options: {limit: "${limit}"}
"""
NEEDS = """version: 1
inputs: [request]
outputs: [response]
side_inputs: [motor]
nodes:
  door: {calculator: DoorCalculator, side_inputs: {engine: motor}, inputs: {request: request}, outputs: {response: response}}
"""
SWAPPED = NEEDS.replace("engine: motor", "engine: motor, vocabulary: words").replace(
    "[motor]", "[motor, {name: words, optional: true}]"
)


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Called with the text of a server.yaml, whose first line is line 1: its models and resources."""
    LIFE.clear()
    graphs = {"weights": WEIGHTS, "chat": CHAT, "needs": NEEDS, "swapped": SWAPPED}
    for name, text in graphs.items():
        (tmp_path / f"{name}.yaml").write_text(text)
    calculators = (EngineCalculator, VocabularyCalculator, CloseCalculator, DoorCalculator)

    def load(text: str) -> Repository:
        (tmp_path / "server.yaml").write_text(dedent(text).removeprefix("\n"))
        config = read_server_config(tmp_path / "server.yaml")
        return Repository.load(config.models, Registry.of(*calculators), config.resources)

    return load


@pytest.fixture
def mistakes(load: Load, tmp_path: Path) -> Callable[[str], list[str]]:
    def mistakes(text: str) -> list[str]:
        with pytest.raises(GraphError) as raised:
            load(text)
        return [str(finding).replace(f"{tmp_path}/", "") for finding in raised.value.findings]

    return mistakes


class Listener:
    """Writes down what it hears."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def loading(self, title: str, node: str, message: str, fraction: float | None) -> None:
        self.heard.append(f"{title}: {node}: {message}")

    def available(self, title: str, seconds: float) -> None:
        self.heard.append(f"{title}: ready")

    def failed(self, title: str, reason: str) -> None:
        self.heard.append(f"{title}: {reason}")


async def opened(repository: Repository) -> tuple[list[str], str, list[dict[str, Any]]]:
    """What a listener hears, the page of figures, and each model's side packets; then all is closed."""
    listener = Listener()
    await repository.open(listener)
    page = Metrics(repository).text().decode()
    packets = [dict(model.ready().side_packets()) for model in repository.available()]
    await repository.close(1)
    return listener.heard, page, packets


SHARED = """
    version: 1
    resources:
      small: {graph: ./weights.yaml, parameters: {path: ./small}}
    models:
      one: {graph: ./chat.yaml, resources: [small]}
      two: {graph: ./needs.yaml, resources: {motor: small.engine}}
      three: {graph: ./chat.yaml, parameters: {path: ./own}}
    """


def test_a_resource_opens_once_and_its_models_share_what_it_made(load: Load) -> None:
    heard, _, (one, two, three) = asyncio.run(opened(load(SHARED)))
    assert one["engine"] is two["motor"] is one["own"]
    assert isinstance(three["engine"], Motor)
    assert three["engine"] is not one["engine"]
    assert sorted(heard) == [
        "model one: ready",
        "model three: engine: reading weights",
        "model three: ready",
        "model two: ready",
        "resource small: engine: reading weights",
        "resource small: ready",
    ]
    assert [life for life in LIFE if "small" in life] == ["open small", "close small"]


def test_models_close_before_what_they_share(load: Load) -> None:
    text = SHARED.replace("three: {graph: ./chat.yaml, parameters: {path: ./own}}", "")
    asyncio.run(opened(load(text)))
    assert LIFE == ["open small", "open model", "close model", "close small"]


def test_figures_of_what_is_shared_stand_on_the_page_once(load: Load) -> None:
    _, page, _ = asyncio.run(opened(load(SHARED)))
    assert [line for line in page.splitlines() if "motor" in line] == [
        "# HELP ovpipe_motor_turns_total Of a side packet of a model's or a resource's graph.",
        "# TYPE ovpipe_motor_turns_total counter",
        'ovpipe_motor_turns_total{resource="small",side_packet="engine"} 3.0',
        'ovpipe_motor_turns_total{model="one",side_packet="own"} 3.0',
        'ovpipe_motor_turns_total{model="three",side_packet="engine"} 3.0',
        'ovpipe_motor_turns_total{model="three",side_packet="own"} 3.0',
    ]


def test_a_resource_that_fails_makes_its_models_unavailable_and_no_others(load: Load, tmp_path: Path) -> None:
    repository = load(SHARED.replace("./small}", "./small, mood: bad}"))
    heard, _, _ = asyncio.run(opened(repository))
    assert repository.states() == {"one": "failed", "two": "failed", "three": "available"}
    why = f"node 'engine' ({tmp_path}/weights.yaml:5): MemoryError: no room"
    assert f"resource small: {why}" in heard
    assert f"model one: resource 'small' failed to load: {why}" in heard
    assert repository.find("two").reason == f"resource 'small' failed to load: {why}"
    assert [life for life in LIFE if "small" in life] == []


def test_an_unknown_resource_is_a_mistake(mistakes: Callable[[str], list[str]]) -> None:
    text = """
        version: 1
        resources:
          small: {graph: ./weights.yaml, parameters: {path: ./small}}
        models:
          one:
            graph: ./chat.yaml
            resources: [smal, small]
          two:
            graph: ./needs.yaml
            resources:
              motor: big.engine
        """
    assert mistakes(text) == [
        "server.yaml:7: unknown resource 'smal' of model 'one'; did you mean 'small'?",
        "server.yaml:11: unknown resource 'big' of model 'two'; there are: small",
    ]


def test_all_mistakes_of_resources_and_models_come_at_once(mistakes: Callable[[str], list[str]]) -> None:
    text = """
        version: 1
        resources:
          small: {graph: ./weights.yaml, parameters: {path: ./small}}
          other: {graph: ./weights.yaml, parameters: {path: ./other}}
          idle: {graph: ./weights.yaml, parameters: {}}
          chat:
            graph: ./chat.yaml
            parameters: {path: ./chat, limt: 3}
        models:
          one:
            graph: ./chat.yaml
            parameters:
              path: ./own
            resources: [small]
          two:
            graph: ./needs.yaml
          three:
            graph: ./swapped.yaml
            resources:
              motor: small.vocabulary
              words: small.engin
              wrods: small.vocabulary
          four:
            graph: ./chat.yaml
            resources:
              - small
              - other
          five:
            graph: ./needs.yaml
            resources: [small]
          six:
            graph: ./chat.yaml
            resources: [chat]
        """
    assert mistakes(text) == [
        "server.yaml:5: parameter 'path' of graph ./weights.yaml needs a value; "
        "add `path: ...` under the parameters of resource 'idle'",
        "server.yaml:5: no model uses resource 'idle'; name it under a model's `resources:`, or remove it",
        "server.yaml:8: a value is given for parameter 'limt'; the graph has no such parameter; "
        "did you mean 'limit'?",
        "server.yaml:13: parameter 'path' has no effect: only node 'engine' refers to it, which side packets "
        "from outside replace; remove it",
        "server.yaml:15: graph 'needs' cannot be served: it requires side packet 'motor' from outside, which "
        "nothing gives; let a resource of server.yaml give it, or a node of the graph make it",
        "server.yaml:20: DoorCalculator.engine (swapped.yaml:6) takes Motor, but side packet 'motor' carries "
        "Vocabulary, from VocabularyCalculator.vocabulary of resource 'small' (weights.yaml:3)",
        "server.yaml:21: resource 'small' gives no side packet 'engin'; did you mean 'engine'?",
        "server.yaml:22: graph 'swapped' takes no side packet 'wrods' from outside: did you mean 'words'?",
        "server.yaml:27: resources 'small' and 'other' both give side packet 'engine'; write which one model "
        "'four' takes, as in `engine: other.engine`",
        "server.yaml:27: resources 'small' and 'other' both give side packet 'vocabulary'; write which one "
        "model 'four' takes, as in `vocabulary: other.vocabulary`",
        "server.yaml:28: graph 'needs' cannot be served: it requires side packet 'motor' from outside, which "
        "nothing gives; let a resource of server.yaml give it, or a node of the graph make it",
        "server.yaml:30: graph 'needs' takes nothing of resource 'small', which gives engine, vocabulary; it "
        "takes or makes motor; map the names, or remove the resource here",
    ]


def test_a_mistake_in_a_graph_is_told_with_each_entry_that_uses_it(
    mistakes: Callable[[str], list[str]],
) -> None:
    text = """
        version: 1
        resources:
          small: {graph: ./weights.yaml, parameters: {path: ./small, mood: odd}}
          large: {graph: ./weights.yaml, parameters: {path: ./large, mood: even}}
        models:
          one: {graph: ./chat.yaml, resources: [small]}
          two: {graph: ./chat.yaml, resources: [large]}
        """
    assert mistakes(text) == [
        "weights.yaml:5: EngineCalculator refuses its options: there is no mood 'odd' "
        "(used by resource 'small', server.yaml:3)",
        "weights.yaml:5: EngineCalculator refuses its options: there is no mood 'even' "
        "(used by resource 'large', server.yaml:4)",
    ]


def test_a_resource_has_no_streams_and_names_what_it_gives(
    mistakes: Callable[[str], list[str]], tmp_path: Path
) -> None:
    (tmp_path / "mute.yaml").write_text(WEIGHTS.replace("side_outputs: [engine, vocabulary]\n", ""))
    (tmp_path / "asks.yaml").write_text(
        "version: 1\nside_inputs: [engine]\nside_outputs: [own]\n"
        "nodes: {a: {calculator: CloseCalculator, side_inputs: {engine: engine}, side_outputs: {own: own}}}\n"
    )
    text = """
        version: 1
        resources:
          chat: {graph: ./chat.yaml, parameters: {path: ./chat}}
          mute: {graph: ./mute.yaml, parameters: {path: ./mute}}
          asks: {graph: ./asks.yaml}
        models:
          one: {graph: ./chat.yaml, resources: [chat]}
          two: {graph: ./needs.yaml, resources: {motor: mute.engine}}
          three: {graph: ./needs.yaml, resources: {motor: asks.own}}
        """
    found = mistakes(text)
    assert found[:3] == [
        "server.yaml:3: resource 'chat': graph 'chat' has streams, as node 'door' (chat.yaml:8); a resource's "
        "graph has nodes without streams only: serve this one under models",
        "server.yaml:4: resource 'mute': graph 'mute' names no side_outputs, so there is nothing to share; "
        "add `side_outputs: [engine, vocabulary]` to mute.yaml",
        "server.yaml:5: resource 'asks': graph 'asks' requires side packet 'engine' from outside, and nothing "
        "gives a resource any; let a node of the graph make it",
    ]


def test_a_missing_side_packet_that_a_resource_gives_by_that_name_is_told_with_the_resource(
    mistakes: Callable[[str], list[str]], tmp_path: Path
) -> None:
    (tmp_path / "asks.yaml").write_text(NEEDS.replace("motor", "engine"))
    text = """
        version: 1
        resources: {small: {graph: ./weights.yaml, parameters: {path: ./small}}}
        models:
          one: {graph: ./chat.yaml, resources: [small]}
          two: {graph: ./asks.yaml}
        """
    assert mistakes(text) == [
        "server.yaml:5: graph 'asks' cannot be served: it requires side packet 'engine' from outside, which "
        "nothing gives; resource 'small' gives one: name it under the model's `resources:`"
    ]


def test_a_declaration_is_a_value_wherever_it_stands_in_its_file(tmp_path: Path) -> None:
    (tmp_path / "weights.yaml").write_text(WEIGHTS)

    def declared(entry: str) -> Any:
        (tmp_path / "server.yaml").write_text(
            f"version: 1\n{entry}models: {{one: {{graph: chat, resources: [small]}}}}\n"
        )
        (resource,) = read_server_config(tmp_path / "server.yaml").resources
        return resource

    whole = "resources: {small: {graph: ./weights.yaml, parameters: {path: a}}}\n"
    assert declared(whole) == declared(f"host: localhost\n{whole}")
    assert declared(whole) != declared(whole.replace("path: a", "path: b"))
