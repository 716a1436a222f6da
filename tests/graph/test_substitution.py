from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ovpipe.calculator import Calculator
from ovpipe.graph import Plan
from ovpipe.ports import Input

Load = Callable[..., Plan]
Mistakes = Callable[..., list[str]]


class Keep(Calculator):
    text = Input[str]()

    def __init__(self, *, value: Any = None) -> None:
        self.value = value


def graph(value: str) -> str:
    return f"""
        version: 1
        parameters:
          name: {{type: string, default: a b}}
          size: {{type: integer, default: 3}}
          fast: {{type: boolean, default: true}}
          limit: {{type: number, default: null}}
          config: {{type: object, default: {{a: [1]}}}}
        inputs: [text]
        nodes:
          all:
            calculator: Keep
            inputs: {{text: text}}
            options: {{value: ["${{name}}", "${{size}}", "${{fast}}", "${{limit}}", "${{config}}"]}}
          keep:
            calculator: Keep
            inputs: {{text: text}}
            options:
              value: {value}
    """


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("${name}", "a b"),
        ("${size}", 3),
        ("${fast}", True),
        ("${limit}", None),
        ("${config}", {"a": [1]}),
        ('"<${name}>"', "<a b>"),
        ('" ${size}"', " 3"),
        ('"${name}${name}"', "a ba b"),
        ('"is ${fast}: ${config}"', 'is true: {"a": [1]}'),
        ('{deep: [{er: "${size}"}]}', {"deep": [{"er": 3}]}),
        ("$${", "${"),
        ("$${name}", "${name}"),
        ('"$${name} is ${name}"', "${name} is a b"),
        ("$name", "$name"),
        ("$$", "$$"),
        ("{a}", {"a": None}),
        ("3", 3),
    ],
)
def test_references_are_filled_in(load: Load, written: str, value: object) -> None:
    plan = load(graph(written), Keep)

    assert plan.nodes[1].options["value"] == value


def test_keys_are_not_filled_in(load: Load) -> None:
    assert load(graph('{"${size}": 1}'), Keep).nodes[1].options["value"] == {"${size}": 1}


def test_what_was_filled_in_is_not_filled_in_again(load: Load) -> None:
    plan = load(graph("${name}"), Keep, parameters={"name": "${size}"})

    assert plan.nodes[1].options["value"] == "${size}"


def test_a_calculator_can_be_a_parameter(load: Load, mistakes: Mistakes) -> None:
    text = """
        version: 1
        parameters: {which: {type: string, default: Keep}}
        inputs: [text]
        nodes: {keep: {calculator: "${which}", inputs: {text: text}}}
    """
    assert load(text, Keep).nodes[0].calculator is Keep
    assert mistakes(text, Keep, parameters={"which": "Kep"}) == [
        "chat.yaml:4: unknown calculator 'Kep': did you mean 'Keep'?"
    ]
    assert mistakes(text.replace("string, default: Keep", "integer, default: 3"), Keep) == [
        "chat.yaml:4: the calculator must be a name, not 3"
    ]


def test_unknown_parameters_are_refused_where_they_are_used(mistakes: Mistakes) -> None:
    assert mistakes(graph("[{a: '${Name}'}]"), Keep) == [
        "chat.yaml:18: unknown parameter 'Name'; did you mean 'name'?"
    ]
    text = """
        version: 1
        inputs: [text]
        nodes: {keep: {calculator: Keep, inputs: {text: text}, options: {value: "a ${x}"}}}
    """
    assert mistakes(text, Keep) == ["chat.yaml:3: unknown parameter 'x'; the graph declares no parameters"]


def test_an_unclosed_reference_is_refused(mistakes: Mistakes) -> None:
    assert mistakes(graph('"${name"'), Keep) == [
        "chat.yaml:18: '${' has no closing '}'; write '$${' for the text '${' itself"
    ]


def test_null_cannot_stand_inside_text(mistakes: Mistakes) -> None:
    assert mistakes(graph('"at most ${limit}"'), Keep) == [
        "chat.yaml:18: parameter 'limit' is null, which cannot stand inside a longer text; give it a value"
    ]


def test_a_parameter_that_is_not_used_is_told(mistakes: Mistakes) -> None:
    text = """
        version: 1
        parameters:
          device: {type: string, default: CPU}
        description: "not filled in: ${device}"
        inputs: [text]
        nodes: {keep: {calculator: Keep, inputs: {text: text}, options: {value: "$${device}"}}}
    """
    assert mistakes(text, Keep) == [
        "chat.yaml:3: parameter 'device' is not used; write ${device} where its value belongs, or remove it"
    ]


def test_a_misspelt_reference_is_told_once(mistakes: Mistakes) -> None:
    text = """
        version: 1
        parameters:
          device: {type: string, default: CPU}
        inputs: [text]
        nodes: {keep: {calculator: Keep, inputs: {text: text}, options: {value: "${devic}"}}}
    """
    assert mistakes(text, Keep) == ["chat.yaml:5: unknown parameter 'devic'; did you mean 'device'?"]


def test_options_without_a_value_are_not_checked_further(mistakes: Mistakes) -> None:
    text = """
        version: 1
        parameters: {x: {type: integer}}
        inputs: [text]
        nodes: {keep: {calculator: Keep, inputs: {text: text}, options: {valu: {deep: ["${x}"]}}}}
    """
    assert mistakes(text, Keep) == [
        "chat.yaml:2: parameter 'x' needs a value; set it, as in --set x=..., or add a default"
    ]
