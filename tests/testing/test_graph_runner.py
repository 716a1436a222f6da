"""GraphRunner: a whole graph with some nodes replaced."""

from __future__ import annotations

from pathlib import Path

import pytest

from ovpipe import (
    Calculator,
    Context,
    GraphError,
    Input,
    NotFoundError,
    Output,
    Packet,
    Registry,
    SideInput,
    SideOutput,
    Timestamp,
)
from ovpipe.testing import Bound, GraphRunner


class UpperCalculator(Calculator):
    text = Input[str]()
    upper = Output[str]()

    def __init__(self, *, mark: str = "!") -> None:
        self.mark = mark

    def process(self, cx: Context) -> None:
        cx.send(self.upper, cx[self.text].upper() + self.mark)


class ModelCalculator(Calculator):
    """Loads what a test does not have."""

    weights = SideOutput[str]()

    def __init__(self, *, path: Path) -> None:
        self.path = path

    def open(self, cx: Context) -> None:
        cx.set_side(self.weights, self.path.read_text())


class AnswerCalculator(Calculator):
    weights = SideInput[str]()
    asked = Input[str]()
    answer = Output[str]()

    def process(self, cx: Context) -> None:
        cx.send(self.answer, cx[self.weights])


class EchoCalculator(Calculator):
    """Stands for AnswerCalculator, and needs no weights."""

    asked = Input[str]()
    answer = Output[str]()

    def __init__(self, *, times: int) -> None:
        self.times = times

    def process(self, cx: Context) -> None:
        cx.send(self.answer, cx[self.asked] * self.times)


class SameCalculator(EchoCalculator):
    def __init__(self) -> None:
        super().__init__(times=1)


GRAPH = """version: 1
parameters: {path: {type: path}, mark: {type: string, default: "?"}}
inputs: [text]
outputs: [answer]
nodes:
  model: {calculator: ModelCalculator, side_outputs: {weights: weights}, options: {path: "${path}"}}
  upper: {calculator: UpperCalculator, inputs: {text: text}, outputs: {upper: upper}, options: {mark: "${mark}"}}
  answer:
    calculator: AnswerCalculator
    side_inputs: {weights: weights}
    inputs: {asked: upper}
    outputs: {answer: answer}
"""
REGISTRY = Registry.of(UpperCalculator, ModelCalculator, AnswerCalculator)


@pytest.fixture
def graph(tmp_path: Path) -> Path:
    file = tmp_path / "graph.yaml"
    file.write_text(GRAPH)
    return file


def test_all_streams_can_be_looked_at(graph: Path) -> None:
    runner = GraphRunner(graph, side_packets={"weights": "w"}, registry=REGISTRY)
    out = runner.run(text=["a", Packet("b", Timestamp(7))])
    assert (out["text"], out["upper"], out["answer"]) == (["a", "b"], ["A?", "B?"], ["w", "w"])
    assert out.packets("answer") == [Packet("w", Timestamp(0)), Packet("w", Timestamp(7))]
    with pytest.raises(NotFoundError, match="the graph has no stream 'uper'; did you mean 'upper'"):
        out["uper"]


def test_a_node_is_replaced_by_an_instance_or_a_class_that_takes_the_wires_it_has_ports_for(
    graph: Path,
) -> None:
    for replacement, answer in ((EchoCalculator(times=2), "A?A?"), (SameCalculator, "A?")):
        runner = GraphRunner(
            graph, replace={"answer": replacement}, side_packets={"weights": "w"}, registry=REGISTRY
        )
        assert runner.run(text=["a"])["answer"] == [answer]
        assert runner.run(text=["a"])["answer"] == [answer]
    assert len(REGISTRY) == 3


def test_parameters_of_nodes_that_stay_are_given_and_those_of_others_are_gone(graph: Path) -> None:
    class Weights(Calculator):
        weights = SideOutput[str]()

        def open(self, cx: Context) -> None:
            cx.set_side(self.weights, "fake")

    runner = GraphRunner(graph, replace={"model": Weights}, parameters={"mark": "."}, registry=REGISTRY)
    out = runner.run(text=["a"])
    assert (out["upper"], out["answer"]) == (["A."], ["fake"])
    with pytest.raises(GraphError, match="a value is given for parameter 'path'; the graph has no such"):
        GraphRunner(graph, replace={"model": Weights}, parameters={"path": "x"}, registry=REGISTRY)


def test_mistakes_are_told(graph: Path) -> None:
    side = {"weights": "w"}
    with pytest.raises(
        NotFoundError, match="graph 'graph' has no node 'answr' of its own; did you mean 'answer'"
    ):
        GraphRunner(graph, replace={"answr": SameCalculator}, side_packets=side, registry=REGISTRY)
    with pytest.raises(NotFoundError, match="graph 'graph' has no input 'txt'; did you mean 'text'"):
        GraphRunner(graph, side_packets=side, registry=REGISTRY).run(txt=["a"])
    with pytest.raises(
        GraphError, match=r"graph.yaml:1\d: .*reads stream 'upper', which no node .* replaces node 'upper'"
    ):
        GraphRunner(graph, replace={"upper": SameCalculator}, side_packets=side, registry=REGISTRY)
    with pytest.raises(
        GraphError, match="takes str, but the value given for side packet 'weights' is of class int"
    ):
        GraphRunner(graph, side_packets={"weights": 3}, registry=REGISTRY)


def test_a_bound_lets_a_join_go_on_in_the_middle_of_an_input(graph: Path) -> None:
    class Count(Calculator):
        text = Input[str]()
        weights = Input[str]()
        upper = Output[str]()

        def process(self, cx: Context) -> None:
            cx.send(self.upper, (cx.get(self.text) or "-") + (cx.get(self.weights) or "-"))

    graph.write_text(
        "version: 1\ninputs: [a, b]\noutputs: [out]\nnodes:\n"
        "  join: {calculator: Count, inputs: {text: a, weights: b}, outputs: {upper: out}}\n"
    )
    runner = GraphRunner(graph, registry=Registry.of(Count))
    out = runner.run(a=["x", "y"], b=[Bound(1), Packet("z", Timestamp(1))])
    assert out["out"] == ["x-", "yz"]


class LooseCalculator(UpperCalculator):
    """Sends what it should not."""

    def process(self, cx: Context) -> None:
        cx.send(self.upper, len(cx[self.text]))  # type: ignore[misc]  # that is the mistake


def test_a_value_that_is_not_of_its_ports_type_fails_the_run(graph: Path) -> None:
    runner = GraphRunner(
        graph, replace={"upper": LooseCalculator()}, side_packets={"weights": "w"}, registry=REGISTRY
    )
    with pytest.raises(Exception, match="UpperCalculator.upper is declared as str, but int was sent at 0: 1"):
        runner.run(text=["a"])
