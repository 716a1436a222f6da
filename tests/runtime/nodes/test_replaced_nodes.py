"""Side packets from outside in place of the nodes that would make them: when a graph opens."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import pytest

from ovpipe.calculator import Calculator, Context
from ovpipe.errors import GraphError, NotFoundError, OvpipeError
from ovpipe.ports import Input, Output, SideInput, SideOutput
from ovpipe.registry import Registry
from ovpipe.runtime import Graph


class Engine(Protocol):
    def add(self, number: int) -> int: ...


class Adder:
    def __init__(self, by: int) -> None:
        self.by = by

    def add(self, number: int) -> int:
        return number + self.by


class Vocabulary:
    """What a tokenizer knows."""


class FakeVocabulary:
    """A stand-in that a test hands in."""


class ModelCalculator(Calculator):
    engine = SideOutput[Engine]()
    vocabulary = SideOutput[Vocabulary]()

    def __init__(self, *, path: str) -> None:
        self.path = path

    def open(self, cx: Context) -> None:
        raise MemoryError("the weights are too large for a test")


class UseCalculator(Calculator):
    engine = SideInput[Engine]()
    vocabulary = SideInput[Vocabulary | None]()
    clock = SideInput[Callable[[], float]](optional=True)
    scale = SideInput[float](optional=True)
    number = Input[int]()
    sum = Output[int]()

    def process(self, cx: Context) -> None:
        cx.send(self.sum, cx[self.engine].add(cx[self.number]))


CHAT = """version: 1
parameters: {path: {type: path}}
inputs: [number]
outputs: [result]
side_inputs: [{name: clock, optional: true}, {name: scale, optional: true}]
nodes:
  model:
    calculator: ModelCalculator
    side_outputs: {engine: engine, vocabulary: vocabulary}
    options: {path: "${path}"}
  use:
    calculator: UseCalculator
    side_inputs: {engine: engine, vocabulary: vocabulary, clock: clock, scale: scale}
    inputs: {number: number}
    outputs: {sum: result}
"""


@pytest.fixture
def chat(tmp_path: Path) -> Path:
    file = tmp_path / "chat.yaml"
    file.write_text(CHAT)
    return file


def loaded(file: Path, **arguments: Any) -> Graph:
    return Graph.load(file, registry=Registry.of(ModelCalculator, UseCalculator), **arguments)


async def results(graph: Graph, given: dict[str, Any] | None = None) -> list[Any]:
    await graph.open(given)
    async with graph:
        return (await graph.process(number=2))["result"]


@pytest.mark.parametrize("vocabulary", [Vocabulary(), FakeVocabulary(), None])
def test_what_open_is_given_replaces_the_node_that_would_make_it(chat: Path, vocabulary: object) -> None:
    graph = loaded(chat, parameters={"path": "m"})
    assert asyncio.run(results(graph, {"engine": Adder(40), "vocabulary": vocabulary})) == [42]


def test_a_graph_opens_again_with_other_side_packets(chat: Path) -> None:
    graph = loaded(chat, parameters={"path": "m"})
    for by in (1, 2):
        assert asyncio.run(results(graph, {"engine": Adder(by), "vocabulary": None})) == [2 + by]
    with pytest.raises(OvpipeError, match="failed in open: the weights are too large"):
        asyncio.run(graph.open())


def test_what_load_is_given_spares_the_parameters_of_the_node(chat: Path) -> None:
    graph = loaded(chat, side_packets={"engine": Adder(40), "vocabulary": None})
    assert asyncio.run(results(graph)) == [42]
    assert asyncio.run(results(graph, {"engine": Adder(50)})) == [52]


def test_some_of_what_a_node_makes_is_refused_before_anything_opens(chat: Path) -> None:
    graph = loaded(chat, parameters={"path": "m"})
    message = (
        f"{chat}:7: side packet 'engine' is given from outside in place of node 'model' ({chat}:7), which "
        "makes 'vocabulary' too; give that as well, or let the node make all of them"
    )
    with pytest.raises(GraphError) as raised:
        asyncio.run(graph.open({"engine": Adder(1)}))
    assert str(raised.value) == message


@pytest.mark.parametrize(
    ("given", "mistake"),
    [
        ({"vocabulary": "words"}, "UseCalculator.vocabulary takes .*Vocabulary | None, but the value given"),
        ({"scale": "x"}, "takes float, but the value given for side packet 'scale' is of class str"),
        ({"scale": Adder(1)}, "takes float, but the value given for side packet 'scale' is of class Adder"),
    ],
)
def test_a_value_of_a_class_that_no_reader_takes_is_refused(
    chat: Path, given: dict[str, Any], mistake: str
) -> None:
    whole = {"engine": Adder(1), "vocabulary": None, **given}
    graph = loaded(chat, parameters={"path": "m"})
    with pytest.raises(GraphError, match=rf"chat.yaml:11: .*{mistake}"):
        asyncio.run(graph.open(whole))
    with pytest.raises(GraphError, match=rf"chat.yaml:11: .*{mistake}"):
        loaded(chat, side_packets=whole)


@pytest.mark.parametrize("given", [{"scale": 1}, {"clock": lambda: 1.0}, {"engine": object()}])
def test_a_value_of_a_type_that_cannot_be_asked_is_taken(chat: Path, given: dict[str, Any]) -> None:
    loaded(chat, side_packets={"engine": Adder(1), "vocabulary": None, **given})


def test_what_only_a_replaced_node_takes_is_not_asked_for_its_class(tmp_path: Path) -> None:
    class IndexCalculator(Calculator):
        scale = SideInput[float]()
        engine = SideOutput[Engine]()

    file = tmp_path / "chat.yaml"
    file.write_text(
        """version: 1
inputs: [number]
outputs: [result]
side_inputs: [scale, vocabulary]
nodes:
  index: {calculator: IndexCalculator, side_inputs: {scale: scale}, side_outputs: {engine: engine}}
  use:
    calculator: UseCalculator
    side_inputs: {engine: engine, vocabulary: vocabulary}
    inputs: {number: number}
    outputs: {sum: result}
"""
    )
    graph = Graph.load(file, registry=Registry.of(IndexCalculator, UseCalculator))
    given = {"engine": Adder(40), "vocabulary": None, "scale": "no float"}
    assert asyncio.run(results(graph, given)) == [42]


def test_an_unknown_side_packet_is_refused_with_the_ones_that_a_node_makes(chat: Path) -> None:
    graph = loaded(chat, parameters={"path": "m"})
    with pytest.raises(NotFoundError, match="takes no side packet 'engin' .*: did you mean 'engine'?"):
        asyncio.run(graph.open({"engin": Adder(1)}))
