from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ovpipe.calculator import Calculator
from ovpipe.errors import GraphError
from ovpipe.graph import Plan, check_graph, load_graph, load_graph_text, parse_assignments
from ovpipe.ports import Input, Output, RepeatedInput, RepeatedOutput, SideInput, SideOutput
from ovpipe.registry import Registry


class Upper(Calculator):
    text = Input[str]()
    model = SideInput[str](optional=True)
    upper = Output[str]()

    def __init__(self, *, locale: str = "en", table: dict[str, Any] | None = None) -> None:
        if locale == "xx":
            raise ValueError("there is no locale xx")


class Model(Calculator):
    model = SideOutput[str]()

    def __init__(self, *, path: str) -> None:
        self.path = path


class Split(Calculator):
    text = Input[str]()
    parts = RepeatedOutput[str]()


class Ticks(Calculator):
    tick = Output[int]()


class Join(Calculator):
    texts = RepeatedInput[str]()
    tick = Input[int]()
    joined = Output[str]()


GOOD = """version: 1
description: All that a graph can say.
parameters:
  models_path: {type: path, default: models/small}
  locale: {type: string, default: en}
  size: {type: integer, default: 7}
inputs: [text]
outputs: [loud]
side_inputs: [given]
max_queue_size: "${size}"
nodes:
  model:
    calculator: Model
    side_outputs: {model: model}
    options: {path: "${models_path}"}
  shout:
    calculator: Upper
    inputs: {text: text}
    outputs: {upper: soft}
    side_inputs: {model: model}
    options:
      locale: ${locale}
      table: {a: [1, 2.5, null, true], b: &x {c: d}, e: *x}
  again:
    calculator: Upper
    inputs: {text: soft}
    outputs: {upper: loud}
    side_inputs: {model: given}
"""


def registry() -> Registry:
    return Registry.of(Upper, Model, Split, Ticks, Join)


def path_of_model(plan: Plan) -> object:
    return plan.resources[0].options["path"]


def test_a_file_is_loaded(tmp_path: Path) -> None:
    file = tmp_path / "chat.yaml"
    file.write_text(GOOD)

    plan = load_graph(file, registry=registry())

    assert plan.name == "chat"
    assert plan.file == str(file)
    assert [node.name for node in plan.nodes] == ["shout", "again"]
    assert plan.nodes[0].place == f"{file}:16"


def test_defaults_are_relative_to_the_file_and_given_paths_to_the_base(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "graphs").mkdir()
    (tmp_path / "graphs" / "chat.yaml").write_text(GOOD)
    monkeypatch.chdir(tmp_path)

    def path(**arguments: Any) -> object:
        return path_of_model(load_graph("graphs/chat.yaml", registry=registry(), **arguments))

    assert path() == str(tmp_path / "graphs" / "models" / "small")
    assert path(base=Path("/b")) == str(tmp_path / "graphs" / "models" / "small")
    assert path(parameters={"models_path": "big"}) == str(tmp_path / "big")
    assert path(parameters={"models_path": "big"}, base=Path("/b")) == "/b/big"
    assert path(parameters=parse_assignments(["models_path=big"])) == str(tmp_path / "big")


def test_all_paths_of_a_text_are_relative_to_the_base() -> None:
    plan = load_graph_text(GOOD, registry=registry(), base=Path("/b"))

    assert path_of_model(plan) == "/b/models/small"


def test_a_text_has_a_name_too() -> None:
    plan = load_graph_text(GOOD, registry=registry())

    assert (plan.name, plan.file) == ("text", "<text>")


def test_a_file_that_begins_with_a_byte_order_mark_is_loaded(tmp_path: Path) -> None:
    file = tmp_path / "chat.yaml"
    file.write_bytes(b"\xef\xbb\xbf" + GOOD.encode())

    assert load_graph(file, registry=registry()).inputs == ("text",)


def refused(path: Path | str) -> str:
    with pytest.raises(GraphError) as caught:
        load_graph(path, registry=registry())
    return str(caught.value)


def test_a_file_that_is_not_there_is_refused_with_the_nearest(tmp_path: Path) -> None:
    missing = tmp_path / "chta.yaml"
    assert refused(missing) == f"{missing}:1: there is no such file"

    (tmp_path / "chat.yaml").write_text(GOOD)
    assert refused(missing) == f"{missing}:1: there is no such file; did you mean 'chat.yaml'?"


def test_a_folder_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path) == f"{tmp_path}:1: the file cannot be read: Is a directory"


def test_a_path_that_cannot_be_is_refused() -> None:
    assert refused("a\0b") == "a\0b:1: the file cannot be read: embedded null byte"


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "chat.yaml"
    file.write_bytes(b"version: 1\nname: \xff\n")

    assert refused(file) == f"{file}:2: the file is not UTF-8 text; save it as UTF-8"


def test_a_syntax_error_is_refused_with_its_place(tmp_path: Path) -> None:
    file = tmp_path / "chat.yaml"
    file.write_text("version: 1\n\tnodes: {}\n")

    assert refused(file) == f"{file}:2: a tab stands here; YAML indents with spaces"


def test_mistakes_of_every_pass_come_at_once_sorted_by_line() -> None:
    text = (
        GOOD.replace("default: en", "default: 3")
        .replace("[loud]", "[lous]")
        .replace("calculator: Model", "calculator: Modl")
        .replace("{text: soft}", "{txt: soft}")
        .replace("    side_inputs: {model: given}", "    options: {locale: xx}")
    )
    with pytest.raises(GraphError) as caught:
        load_graph_text(text, file="chat.yaml", registry=registry(), parameters={"sise": 1})

    assert str(caught.value).splitlines() == [
        "chat.yaml:3: a value is given for parameter 'sise'; the graph has no such parameter; "
        "did you mean 'size'?",
        "chat.yaml:5: the default of parameter 'locale' takes a string, not 3",
        "chat.yaml:8: the graph's output 'lous' is a stream that no node produces; did you mean 'loud'?",
        "chat.yaml:9: side packet 'given' is a side input of the graph, but no node takes it; "
        "wire it, or take it out of side_inputs",
        "chat.yaml:13: unknown calculator 'Modl': did you mean 'Model'?",
        "chat.yaml:26: Upper has no input 'txt'; did you mean 'text'?",
        "chat.yaml:28: Upper refuses its options: there is no locale xx",
    ]


def test_a_check_leaves_parameters_open_and_tells_which(tmp_path: Path) -> None:
    file = tmp_path / "chat.yaml"
    file.write_text(GOOD.replace(", default: models/small", "").replace(", default: 7", ""))

    assert check_graph(file, registry=registry()) == ("models_path", "size")
    assert check_graph(file, registry=registry(), parameters={"size": 3}) == ("models_path",)


def test_a_check_tells_all_other_mistakes(tmp_path: Path) -> None:
    file = tmp_path / "chat.yaml"
    file.write_text(
        GOOD.replace(", default: models/small", "").replace("calculator: Model", "calculator: Modl")
    )

    with pytest.raises(GraphError) as caught:
        check_graph(file, registry=registry(), parameters={"locale": 3})
    assert [finding.line for finding in caught.value.findings] == [5, 13]


def test_a_check_of_a_calculator_that_is_not_known_yet_is_no_mistake(tmp_path: Path) -> None:
    file = tmp_path / "chat.yaml"
    file.write_text(
        "version: 1\nparameters: {x: {type: string}}\ninputs: [a]\n"
        'nodes: {n: {calculator: "${x}", inputs: {text: a}}, m: {graph: "${x}"}}\n'
    )

    assert check_graph(file, registry=registry()) == ("x",)


RICH = """version: 1
parameters:
  threads: {type: integer, default: 2}
inputs: [text, {name: more, optional: true}]
outputs: [joined]
side_outputs: [model]
input_policy: {default: {batch_size: 2}}
executors: {pool: {threads: "${threads}"}}
streams: {parts: {max_queue_size: 3, overflow: drop_oldest}}
nodes:
  model: {calculator: Model, side_outputs: {model: model}, options: {path: here}}
  split: {calculator: Split, inputs: {text: text}, outputs: {parts: [parts, rest]}, executor: pool}
  ticks: {calculator: Ticks, outputs: {tick: tick}, source_layer: 1}
  join:
    calculator: Join
    inputs: {texts: [parts, more, {stream: back, back_edge: true}], tick: tick}
    outputs: {joined: joined}
    input_policy: {sync_sets: {sets: [[texts], [tick]]}}
    on_error: drop
  again: {calculator: Upper, inputs: {text: joined}, outputs: {upper: back}}
  chat: {graph: chat, inputs: {http_request: text}, parameters: {device: "${threads}"}}
"""


# What a slip of the hand, or an unkind one, may put into a file.
SIGNS = "\t\n \"'[]{}:,#&*!|>-?%@`~$\0\x85\ud800é"
WORDS = ["${", "${x}", "$${", "null", "- a", ": ", "\n---\n", "<<: *x", "!!int", "!!set", "!x", "*x", "&x "]
NAMES = ["nodes:", "version: 1", "text", "Upper", "options: ", "parameters:", "array", "path", "~u", "1e999"]
LONG = ["[" * 100, "{a: " * 70, "9" * 20, "\n        "]
FRAGMENTS = st.sampled_from([*SIGNS, *WORDS, *NAMES, *LONG])
MUTATIONS = st.lists(
    st.tuples(st.integers(0, len(GOOD)), st.integers(0, 40), FRAGMENTS | st.text(max_size=5)),
    min_size=1,
    max_size=4,
)


def loads_or_is_refused(text: str, parameters: dict[str, Any] | None = None) -> None:
    """Whatever the text, there is a plan or a GraphError whose findings lie within it."""
    try:
        load_graph_text(text, registry=registry(), parameters=parameters)
    except GraphError as error:
        assert error.findings
        lines = len(text.splitlines()) + 1
        own = [finding for finding in error.findings if finding.file == "<text>"]
        assert all(1 <= finding.line <= lines and finding.message for finding in own)
        assert own == sorted(own, key=lambda finding: finding.line)


def test_the_rich_graph_is_good_but_for_the_calculators_that_are_not_there() -> None:
    with pytest.raises(GraphError) as caught:
        load_graph_text(RICH, registry=registry())
    assert {finding.message.partition(":")[0].partition(" '")[0] for finding in caught.value.findings} == {
        "unknown calculator",
        "parameter",
    }


@given(st.sampled_from([GOOD, RICH]), MUTATIONS)
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_damaged_graph_is_loaded_or_refused_and_nothing_else(
    text: str, mutations: list[tuple[int, int, str]]
) -> None:
    for position, length, fragment in mutations:
        text = text[:position] + fragment + text[position + length :]
    loads_or_is_refused(text)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["${size}", "text"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from([(text, line) for text in (GOOD, RICH) for line in text.splitlines()]), VALUES)
@settings(max_examples=150, deadline=None)
def test_a_value_of_any_shape_at_any_key_is_refused_or_loaded(place: tuple[str, str], value: Any) -> None:
    text, line = place
    key, colon, _ = line.partition(":")
    loads_or_is_refused(text.replace(line, f"{key}{colon} {json.dumps(value)}", 1))


NEW_KEYS = ["input_policy", "executor", "max_in_flight", "on_error", "source_layer", "graph", "parameters"]


@given(st.sampled_from([*NEW_KEYS, "inputs", "outputs", "calculator"]), VALUES)
@settings(max_examples=150, deadline=None)
def test_a_value_of_any_shape_at_any_key_of_a_node_is_refused_or_loaded(key: str, value: Any) -> None:
    node = {"calculator": "Join", "inputs": {"texts": ["text"], "tick": "tick"}, key: value}
    nodes = {"node": node, "ticks": {"calculator": "Ticks", "outputs": {"tick": "tick"}}}
    loads_or_is_refused(json.dumps({"version": 1, "inputs": ["text"], "nodes": nodes}))


@given(st.sampled_from(["input_policy", "executors", "streams", "inputs", "side_outputs"]), VALUES)
@settings(max_examples=100, deadline=None)
def test_a_value_of_any_shape_at_any_key_of_a_graph_is_refused_or_loaded(key: str, value: Any) -> None:
    nodes = {"node": {"calculator": "Upper", "inputs": {"text": "text"}, "executor": "text"}}
    loads_or_is_refused(json.dumps({"version": 1, "inputs": ["text"], "nodes": nodes, key: value}))


@given(st.dictionaries(st.sampled_from(["models_path", "locale", "size", "other"]), VALUES))
@settings(max_examples=50, deadline=None)
def test_any_value_of_a_parameter_is_taken_or_refused(parameters: dict[str, Any]) -> None:
    loads_or_is_refused(GOOD, parameters)


@given(st.text(max_size=30))
@example("\ud800")
@example("")
@settings(max_examples=50, deadline=None)
def test_any_text_of_the_command_line_is_taken_or_refused(text: str) -> None:
    for name in ("models_path", "locale", "size"):
        loads_or_is_refused(GOOD, dict(parse_assignments([f"{name}={text}"])))


@given(st.text(max_size=60))
@settings(max_examples=50, deadline=None)
def test_any_text_is_refused_or_loaded(text: str) -> None:
    loads_or_is_refused(text)
    loads_or_is_refused("version: 1\nnodes:\n" + text)
