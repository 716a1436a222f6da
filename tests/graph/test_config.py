from __future__ import annotations

from collections.abc import Callable

import pytest

from ovpipe.calculator import Calculator
from ovpipe.graph import Plan
from ovpipe.graph.plan import DEFAULT_MAX_QUEUE_SIZE
from ovpipe.ports import Input

Load = Callable[..., Plan]
Mistakes = Callable[..., list[str]]


class Sink(Calculator):
    text = Input[str]()


def graph(extra: str = "") -> str:
    node = "{calculator: Sink, inputs: {text: text}}"
    return f"version: 1\n{extra}\ninputs: [text]\nnodes: {{sink: {node}}}\n"


def test_the_size_of_queues_has_a_default(load: Load) -> None:
    assert load(graph(), Sink).max_queue_size == DEFAULT_MAX_QUEUE_SIZE


def test_the_size_of_queues_can_be_set(load: Load) -> None:
    assert load(graph("max_queue_size: 7"), Sink).max_queue_size == 7


SIZED = 'parameters: {size: {type: number}}\nmax_queue_size: "${size}"'


def test_the_size_of_queues_can_be_a_parameter(load: Load) -> None:
    assert load(graph(SIZED), Sink, parameters={"size": 7}).max_queue_size == 7


@pytest.mark.parametrize("size", [0, -1, 2.5])
def test_a_parameter_of_no_size_is_refused(mistakes: Mistakes, size: float) -> None:
    assert mistakes(graph(SIZED), Sink, parameters={"size": size}) == [
        f"chat.yaml:3: max_queue_size must be a whole number, 1 or more, not {size}"
    ]


def test_a_parameter_of_another_type_is_no_size(mistakes: Mistakes) -> None:
    assert mistakes(graph(SIZED.replace("number", "boolean")), Sink, parameters={"size": True}) == [
        "chat.yaml:3: max_queue_size must be a whole number, 1 or more, not true"
    ]


def test_a_size_that_was_refused_as_a_parameter_is_told_once(mistakes: Mistakes) -> None:
    assert len(mistakes(graph(SIZED), Sink, parameters={"size": "x"})) == 1


def test_a_graph_is_named_by_its_file_unless_it_says_its_name(load: Load) -> None:
    assert load(graph(), Sink).name == "chat"
    assert load(graph("name: talk"), Sink).name == "talk"
