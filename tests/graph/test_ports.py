from __future__ import annotations

from collections.abc import Callable

import pytest

from ovpipe.calculator import Calculator
from ovpipe.graph import Plan
from ovpipe.ports import Input, Output, SideInput, SideOutput

Load = Callable[..., Plan]
Mistakes = Callable[..., list[str]]


class Join(Calculator):
    left = Input[str]()
    right = Input[str](optional=True)
    model = SideInput[int]()
    hint = SideInput[str](optional=True)
    both = Output[str]()
    count = Output[int]()


class Source(Calculator):
    made = Output[str]()


class Either(Calculator):
    left = Input[str](optional=True)
    right = Input[str](optional=True)


class Model(Calculator):
    model = SideOutput[int]()


def graph(node: str) -> str:
    return f"""
        version: 1
        inputs: [a]
        side_inputs: [m]
        nodes:
          join: {node}
          other: {{calculator: Join, inputs: {{left: a}}, side_inputs: {{model: m}}}}
    """


def test_optional_inputs_and_all_outputs_may_be_unwired(load: Load) -> None:
    plan = load(graph("{calculator: Join, inputs: {left: a}, side_inputs: {model: m}}"), Join)

    join = plan.nodes[0]
    assert join.inputs == ((Join.left, 0),)
    assert join.side_inputs == ((Join.model, "m"),)
    assert join.outputs == ()


def test_required_inputs_must_be_wired(mistakes: Mistakes) -> None:
    assert mistakes(graph("{calculator: Join, inputs: {right: a}}"), Join) == [
        "chat.yaml:5: node 'join' does not wire input Join.left (str); add `left: <stream>` under its inputs",
        "chat.yaml:5: node 'join' does not wire side input Join.model (int); "
        "add `model: <side packet>` under its side_inputs",
    ]


@pytest.mark.parametrize(
    ("wires", "message"),
    [
        ("inputs: {lft: a}, side_inputs: {model: m}", "has no input 'lft'; did you mean 'left'?"),
        ("inputs: {zz: a}, side_inputs: {model: m}", "has no input 'zz'; there are: left, right"),
        (
            "inputs: {left: a}, side_inputs: {modle: m}",
            "has no side input 'modle'; did you mean 'model'?",
        ),
        (
            "inputs: {left: a}, side_inputs: {model: m}, outputs: {bth: x}",
            "has no output 'bth'; did you mean 'both'?",
        ),
        (
            "inputs: {left: a}, side_inputs: {model: m}, side_outputs: {x: x}",
            "has no side output 'x'; there are none",
        ),
        (
            "inputs: {left: a, hint: a}, side_inputs: {model: m}",
            "has no input 'hint', but a side input of that name; wire it under side_inputs",
        ),
        (
            "inputs: {left: a, both: a}, side_inputs: {model: m}",
            "has no input 'both', but an output of that name; wire it under outputs",
        ),
    ],
)
def test_a_port_that_is_not_there_is_told_and_not_what_follows(
    mistakes: Mistakes, wires: str, message: str
) -> None:
    assert mistakes(graph(f"{{calculator: Join, {wires}}}"), Join) == [f"chat.yaml:5: Join {message}"]


def test_a_port_under_a_wrong_key_is_told_and_not_what_follows(mistakes: Mistakes) -> None:
    text = """
        version: 1
        inputs: [a]
        side_inputs: [m]
        nodes:
          join: {calculator: Join, inputs: {left: a, model: m}}
    """
    assert mistakes(text, Join) == [
        "chat.yaml:5: Join has no input 'model', but a side input of that name; wire it under side_inputs"
    ]
    assert mistakes(
        text.replace("inputs: {left: a, model: m}", "side_inputs: {left: a, model: m}"), Join
    ) == ["chat.yaml:5: Join has no side input 'left', but an input of that name; wire it under inputs"]


def test_a_wire_is_told_at_its_own_line(mistakes: Mistakes) -> None:
    text = """
        version: 1
        inputs: [a]
        side_inputs: [m]
        nodes:
          join:
            calculator: Join
            side_inputs: {model: m}
            inputs:
              left: a
              middle: a
    """
    assert mistakes(text, Join) == ["chat.yaml:10: Join has no input 'middle'; there are: left, right"]


def test_a_node_that_writes_streams_and_reads_none_is_a_source(load: Load) -> None:
    text = """
        version: 1
        nodes:
          source: {calculator: Source, outputs: {made: a}, source_layer: 2}
    """
    (source,) = load(text, Source).nodes

    assert (source.inputs, source.outputs, source.source_layer) == ((), ((Source.made, 0),), 2)


def test_a_node_that_wires_none_of_its_optional_inputs_is_refused(mistakes: Mistakes) -> None:
    text = """
        version: 1
        nodes:
          either: {calculator: Either}
    """
    assert mistakes(text, Either) == [
        "chat.yaml:3: node 'either' wires no input, so nothing would start it; "
        "wire at least one of: left, right"
    ]


def test_a_node_that_wires_one_of_its_optional_inputs_is_fine(load: Load) -> None:
    plan = load("version: 1\ninputs: [a]\nnodes: {e: {calculator: Either, inputs: {right: a}}}", Either)

    assert plan.nodes[0].inputs == ((Either.right, 0),)


def test_a_node_without_streams_needs_no_inputs(load: Load) -> None:
    plan = load("version: 1\nnodes: {model: {calculator: Model, side_outputs: {model: m}}}", Model)

    assert [node.name for node in plan.resources] == ["model"]
    assert plan.nodes == ()


def test_a_node_without_streams_cannot_be_wired_to_any(mistakes: Mistakes) -> None:
    text = """
        version: 1
        inputs: [a]
        nodes:
          model: {calculator: Model, inputs: {text: a}}
    """
    assert mistakes(text, Model) == ["chat.yaml:4: Model has no input 'text'; there are none"]
