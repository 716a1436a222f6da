from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from jsonschema import Draft7Validator

from ovpipe.calculator import Calculator
from ovpipe.graph import schema
from ovpipe.graph.parameters import TYPES
from ovpipe.graph.plan import DEFAULT_MAX_QUEUE_SIZE
from ovpipe.ports import Input, Output

Mistakes = Callable[..., list[str]]

NAME_RULE = "(lower-case letters, digits and _, not beginning with a digit)"


class Upper(Calculator):
    text = Input[str]()
    upper = Output[str]()


GOOD = """
version: 1
inputs: [text]
outputs: [loud]
nodes:
  shout:
    calculator: Upper
    inputs: {text: text}
    outputs: {upper: loud}
"""


def replaced(old: str, new: str) -> str:
    assert old in GOOD
    return GOOD.replace(old, new)


def test_the_schema_is_a_draft_07_schema() -> None:
    Draft7Validator.check_schema(schema())
    assert json.loads(json.dumps(schema())) == schema()


def test_every_key_of_the_schema_is_described() -> None:
    def resolved(entry: dict[str, Any]) -> dict[str, Any]:
        found = dict(entry)
        while reference := found.pop("$ref", None):
            target: Any = schema()
            for key in reference.removeprefix("#/").split("/"):
                target = target[key]
            found |= target
        return found

    def undescribed(part: dict[str, Any]) -> list[str]:
        return [name for name, entry in part["properties"].items() if "description" not in resolved(entry)]

    parts = [schema(), *schema()["definitions"].values(), schema()["definitions"]["inputWire"]["then"]]
    assert [undescribed(part) for part in parts if "properties" in part] == [[]] * 12


def test_the_schema_agrees_with_the_code() -> None:
    assert schema()["definitions"]["parameter"]["properties"]["type"]["enum"] == list(TYPES)
    assert schema()["properties"]["max_queue_size"]["default"] == DEFAULT_MAX_QUEUE_SIZE


def test_changing_what_schema_returns_changes_nothing_else() -> None:
    schema().clear()
    assert schema()["title"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "chat.yaml:1: the file is empty; a graph has `version: 1` and nodes"),
        ("- a", "chat.yaml:1: a graph is a mapping with `version: 1` and nodes"),
        ("\nnodes: {}", "chat.yaml:1: the version is missing; add the line `version: 1`"),
        ("a: b\nversion: 2", "chat.yaml:2: version 2 is not supported; write `version: 1`"),
        ("version: '1'", "chat.yaml:1: version '1' is not supported; write `version: 1`"),
        ("version: true", "chat.yaml:1: version true is not supported; write `version: 1`"),
        ("version: 1.0", "chat.yaml:1: version 1.0 is not supported; write `version: 1`"),
        ("version: [1]", "chat.yaml:1: version [1] is not supported; write `version: 1`"),
    ],
)
def test_a_file_without_a_supported_version_is_refused_for_that_alone(
    mistakes: Mistakes, text: str, message: str
) -> None:
    assert mistakes(text) == [message]


@pytest.mark.parametrize(
    ("old", "new", "finding"),
    [
        ("inputs: [text]", "input: [text]", "2: unknown key 'input'; did you mean 'inputs'?"),
        ("inputs: {", "input: {", "7: unknown key 'input' in nodes.shout; did you mean 'inputs'?"),
        (
            "calculator:",
            "calculater:",
            "6: unknown key 'calculater' in nodes.shout; did you mean 'calculator'?",
        ),
        (
            "calculator: Upper",
            "inputs2: {}",
            "6: unknown key 'inputs2' in nodes.shout; did you mean 'inputs'?",
        ),
        ("nodes:", "node:", "4: unknown key 'node'; did you mean 'nodes'?"),
        ("[text]", "text", "2: inputs must be a list of stream names, as in [text], not 'text'"),
        ("[text]", "[3]", f"2: inputs[0] must be a stream name {NAME_RULE}, not 3"),
        ("[loud]", "[Loud]", f"3: outputs[0] must be a stream name {NAME_RULE}, not 'Loud'"),
        (
            "text: text",
            "text: 2nd",
            f"7: nodes.shout.inputs.text must be a stream name {NAME_RULE}, not '2nd'",
        ),
        (
            "text: text",
            "text: a-b",
            f"7: nodes.shout.inputs.text must be a stream name {NAME_RULE}, not 'a-b'",
        ),
        (
            "text: text",
            "text: '${a}'",
            f"7: nodes.shout.inputs.text must be a stream name {NAME_RULE}, not '${{a}}'",
        ),
        ("shout:", "Shout:", f"5: 'Shout' is not a node name {NAME_RULE}"),
        (
            "{upper: loud}",
            "",
            "8: nodes.shout.outputs must be a mapping from output ports to stream names, "
            "as in {upper: loud}, not null",
        ),
        ("version: 1", "version: 1\nname: 3", "2: name must be a text, not 3"),
        (
            "version: 1",
            "version: 1\nmax_queue_size: 0",
            '2: max_queue_size must be a whole number, 1 or more, or "${parameter}", not 0',
        ),
        (
            "version: 1",
            "version: 1\nreport_deadlock: 1",
            "2: report_deadlock must be true or false, not 1",
        ),
        (
            "version: 1",
            "version: 1\nparameters: {X: {type: path}}",
            f"2: 'X' is not a parameter name {NAME_RULE}",
        ),
        (
            "version: 1",
            "version: 1\nparameters: {x: {type: str}}",
            "2: parameters.x.type must be one of string, integer, number, boolean, path, object, array, "
            "not 'str'",
        ),
        ("version: 1", "version: 1\nparameters: {x: {}}", "2: parameters.x needs the key 'type'"),
        (
            "version: 1",
            "version: 1\nparameters: {x: string}",
            "2: parameters.x must be a mapping with the key type, not 'string'",
        ),
        (
            "version: 1",
            "version: 1\nside_inputs: [A]",
            f"2: side_inputs[0] must be a side packet name {NAME_RULE}, not 'A'",
        ),
    ],
)
def test_a_wrong_shape_is_told_in_words(mistakes: Mistakes, old: str, new: str, finding: str) -> None:
    assert f"chat.yaml:{finding}" in mistakes(replaced(old, new), Upper)


def test_a_value_that_breaks_two_rules_is_told_once(mistakes: Mistakes) -> None:
    text = replaced("    calculator: Upper\n", "    calculator: Upper\n    source_layer: -0.5\n")
    assert mistakes(text, Upper) == [
        "chat.yaml:7: nodes.shout.source_layer must be a whole number, 0 or more, not -0.5"
    ]


def test_a_graph_needs_nodes(mistakes: Mistakes) -> None:
    assert mistakes("version: 1") == ["chat.yaml:1: the graph needs the key 'nodes'"]
    assert mistakes("version: 1\nnodes: {}") == [
        "chat.yaml:2: nodes must be a mapping from node names to nodes, with at least one node, not {}"
    ]


def test_a_node_needs_a_calculator(mistakes: Mistakes) -> None:
    assert mistakes(replaced("    calculator: Upper\n", ""), Upper) == [
        "chat.yaml:5: nodes.shout needs the key 'calculator'"
    ]


def test_what_follows_from_a_wrong_shape_is_not_told(mistakes: Mistakes) -> None:
    assert len(mistakes(replaced("    outputs:", "    output:"), Upper)) == 1
    assert len(mistakes(replaced("    inputs:", "    input:"), Upper)) == 1
    assert len(mistakes(replaced("inputs: [text]", "inputs: text"), Upper)) == 1
    assert len(mistakes(replaced("nodes:", "node:"), Upper)) == 1
    assert len(mistakes(replaced("version: 1", "version: 1\nparameter: {x: {type: path}}"), Upper)) == 1


def test_several_wrong_shapes_are_told_at_once_beside_other_mistakes(mistakes: Mistakes) -> None:
    text = """
        version: 1
        descripton: typed in haste
        outputs: [3, Bad]
        nodes:
          shout:
            calculator: Uper
            input: {text: text}
            extra: 1
    """
    assert mistakes(text, Upper) == [
        "chat.yaml:2: unknown key 'descripton'; did you mean 'description'?",
        f"chat.yaml:3: outputs[0] must be a stream name {NAME_RULE}, not 3",
        f"chat.yaml:3: outputs[1] must be a stream name {NAME_RULE}, not 'Bad'",
        "chat.yaml:6: unknown calculator 'Uper': did you mean 'Upper'?",
        "chat.yaml:7: unknown key 'input' in nodes.shout; did you mean 'inputs'?",
        "chat.yaml:8: unknown key 'extra' in nodes.shout; did you mean 'executor'?",
    ]


def test_long_values_are_shortened(mistakes: Mistakes) -> None:
    (finding,) = mistakes(replaced("[text]", "'" + "x" * 500 + "'"), Upper)

    assert finding.endswith("not 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...")
