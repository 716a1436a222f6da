"""Repeated ports: one port of a calculator, any number of streams."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ovpipe.calculator import Calculator
from ovpipe.graph import Plan
from ovpipe.ports import Input, Output, RepeatedInput, RepeatedOutput

Load = Callable[..., Plan]
Mistakes = Callable[..., list[str]]


class Join(Calculator):
    first = Input[str](optional=True)
    parts = RepeatedInput[str]()
    extras = RepeatedInput[str](optional=True)
    whole = Output[str]()


class Split(Calculator):
    text = Input[str]()
    pieces = RepeatedOutput[str]()


class Number(Calculator):
    text = Input[str]()
    number = Output[int]()


def graph(wires: str) -> str:
    return f"""
        version: 1
        inputs: [a, b]
        nodes:
          join:
            calculator: Join
            {wires}
          other: {{calculator: Join, inputs: {{parts: [a, b]}}}}
    """


def test_a_repeated_port_stands_in_the_plan_once_for_each_of_its_streams(load: Load) -> None:
    text = """
        version: 1
        inputs: [a]
        nodes:
          split: {calculator: Split, inputs: {text: a}, outputs: {pieces: [b, c]}}
          join: {calculator: Join, inputs: {parts: [c, a, b, c], first: a}, outputs: {whole: d}}
    """
    plan = load(text, Split, Join)

    split, join = plan.nodes
    assert [stream.name for stream in plan.streams] == ["a", "b", "c", "d"]
    assert [(str(port), stream) for port, stream in split.outputs] == [
        ("Split.pieces[0]", 1),
        ("Split.pieces[1]", 2),
    ]
    assert [(str(port), stream) for port, stream in join.inputs] == [
        ("Join.first", 0),
        ("Join.parts[0]", 2),
        ("Join.parts[1]", 0),
        ("Join.parts[2]", 1),
        ("Join.parts[3]", 2),
    ]
    assert dict(split.elements) == {Split.pieces: tuple(port for port, _ in split.outputs)}
    assert dict(join.elements) == {Join.parts: tuple(port for port, _ in join.inputs[1:]), Join.extras: ()}


def test_an_element_may_be_a_back_edge(load: Load) -> None:
    text = """
        version: 1
        inputs: [a]
        nodes:
          join: {calculator: Join, inputs: {parts: [a, {stream: d, back_edge: true}]}, outputs: {whole: d}}
    """
    assert load(text, Join).nodes[0].back_edges == {1}


@pytest.mark.parametrize("wires", ["inputs: {parts: [a]}", "inputs: {parts: [a], extras: []}"])
def test_an_optional_repeated_port_may_have_no_streams(load: Load, wires: str) -> None:
    join = load(graph(wires), Join).nodes[0]

    assert len(join.inputs) == 1
    assert dict(join.elements)[Join.extras] == ()


@pytest.mark.parametrize(
    ("wires", "findings"),
    [
        (
            "inputs: {first: a}",
            [
                "4: node 'join' does not wire input Join.parts (str); "
                "add `parts: [<stream>, ...]` under its inputs"
            ],
        ),
        ("inputs: {parts: []}", ["6: Join.parts needs at least one stream; write `parts: [<stream>, ...]`"]),
        ("inputs: {parts: a}", ["6: Join.parts takes a list of streams; write `parts: [a]`"]),
        (
            "inputs: {parts: [a], first: [b]}",
            ["6: Join.first takes one stream and no list; write `first: b`"],
        ),
        (
            "inputs: {parts: [a], first: []}",
            ["6: Join.first takes one stream and no list; write `first: <stream>`"],
        ),
        ("inputs: {parts: [a, 3]}", ["6: nodes.join.inputs.parts[1] must be a stream name"]),
        (
            "inputs: {parts: [a, {strem: b}]}",
            ["6: unknown key 'strem' in nodes.join.inputs.parts[1]; did you mean 'stream'?"],
        ),
        (
            "inputs: {parts: [a, c]}",
            ["6: Join.parts[1] reads stream 'c', which no node produces; there are: a, b"],
        ),
        ("inputs: {prats: [a]}", ["6: Join has no input 'prats'; did you mean 'parts'?"]),
    ],
)
def test_a_wrong_list_is_told(mistakes: Mistakes, wires: str, findings: list[str]) -> None:
    found = mistakes(graph(wires), Join)

    assert [one[: len(f"chat.yaml:{finding}")] for one, finding in zip(found, findings, strict=True)] == [
        f"chat.yaml:{finding}" for finding in findings
    ]


def test_the_types_of_elements_must_fit(mistakes: Mistakes) -> None:
    text = """
        version: 1
        inputs: [a]
        nodes:
          number: {calculator: Number, inputs: {text: a}, outputs: {number: n}}
          join:
            calculator: Join
            inputs:
              parts:
                - a
                - n
    """
    assert mistakes(text, Number, Join) == [
        "chat.yaml:10: Join.parts[1] takes str, but stream 'n' carries int, from Number.number (chat.yaml:4)"
    ]


def test_streams_of_a_repeated_output_have_one_producer(mistakes: Mistakes) -> None:
    text = """
        version: 1
        inputs: [a]
        nodes:
          split: {calculator: Split, inputs: {text: a}, outputs: {pieces: [b, b]}}
    """
    assert mistakes(text, Split) == [
        "chat.yaml:4: Split.pieces[1] writes stream 'b', which Split.pieces[0] writes too (chat.yaml:4); "
        "rename one of them"
    ]
