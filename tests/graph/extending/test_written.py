"""A graph with what it extends as the text of one file: it loads to an equal plan."""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ovpipe.calculator import Calculator
from ovpipe.errors import GraphError
from ovpipe.graph import Plan, load_graph, load_graph_text
from ovpipe.graph.extending.written import expanded_text
from ovpipe.ports import Input, Output
from ovpipe.registry import Registry
from tests.graph.subgraphs import Join, Mark, Model, Pass


class Files(Calculator):
    text = Input[str]()
    out = Output[str]()

    def __init__(self, *, one: Path, many: dict[str, list[Path | None]], either: Path | int = 3) -> None:
        pass


class Holder(Calculator):
    text = Input[str]()

    def __init__(self, *, value: Any = None, text: str = "") -> None:
        pass


REGISTRY = Registry.of(Pass, Join, Mark, Model, Files, Holder)


def without_places(plan: Plan) -> str:
    """All of a plan but its files and lines, and the name that comes from its file.

    The ports of a repeated one are made for each plan, and equal none but themselves.
    """
    bare = replace(
        plan,
        name="",
        file="",
        files=(),
        streams=tuple(replace(one, place="") for one in plan.streams),
        nodes=tuple(replace(one, place="") for one in plan.nodes),
        resources=tuple(replace(one, place="") for one in plan.resources),
        side_outputs=tuple(replace(one, place="") for one in plan.side_outputs),
    )
    return repr(bare)


def expanded_plan(file: Path, parameters: dict[str, Any] | None = None) -> Plan:
    text = expanded_text(file, REGISTRY)
    assert "extends" not in text
    return load_graph_text(text, registry=REGISTRY, base=file.parent, parameters=parameters)


ODD = [
    "no",
    "1e3",
    "12:30",
    "0x1F",
    "0o7",
    "~",
    "",
    "a: b",
    "# x",
    "- y",
    "'",
    '"',
    "two\nlines\n",
    " x ",
    "{",
]
ODD += [
    "1_000",
    ".inf",
    "=",
    "<<",
    "true",
    "é",
    "$${x}",
    "\x07",
    "\u2028",
    "@",
    "null",
    "? a",
    "a\tb",
    "-.5e-3",
]
TEXTS = st.sampled_from(ODD) | st.text(
    st.characters(max_codepoint=0x2FFF, exclude_characters="$"), max_size=9
)
KEYS = TEXTS.filter(lambda text: text != "<<")
VALUES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS


NESTED = st.recursive(VALUES, lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner), max_leaves=6)


@st.composite
def graphs(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Any]]:
    """A line of nodes, and a graph that changes some of them."""
    count = draw(st.integers(2, 5))
    nodes: dict[str, Any] = {"model": {"calculator": "Model", "side_outputs": {"model": "model"}}}
    for index in range(count):
        node = {"inputs": {"text": f"s{index}"}, "outputs": {"out": f"s{index + 1}"}}
        nodes[f"n{index}"] = {"calculator": "Pass", **node}
        if draw(st.booleans()):
            options = {"mark": draw(TEXTS | st.just("${text}"))}
            nodes[f"n{index}"] = {
                "calculator": "Mark",
                "side_inputs": {"model": "model"},
                "options": options,
                **node,
            }
    base = {
        "version": 1,
        "parameters": {"text": {"type": "string", "default": draw(TEXTS)}},
        "inputs": ["s0"],
        "outputs": [f"s{count}"],
        "nodes": nodes,
    }
    held = {"inputs": {"text": "s1"}, "options": {"value": draw(NESTED), "text": "${text}"}}
    streams = st.sampled_from([f"s{index}" for index in range(count + 1)])
    chat = {
        "version": 1,
        "extends": "far/base.yaml",
        "description": draw(TEXTS),
        "parameters": {"text": {draw(st.sampled_from(["default", "fixed"])): draw(TEXTS)}},
        "nodes": {"holder": {"calculator": "Holder", **held}},
        "insert": {
            f"i{index}": {"on": draw(streams), "calculator": "Pass"}
            for index in range(draw(st.integers(0, 4)))
        },
        "replace": {
            f"n{index}": {"calculator": "Join", "side_inputs": {}, "inputs": {"parts": [f"s{index}"]}}
            for index in draw(st.sets(st.integers(0, count - 1)))
        },
    }
    return base, chat


@settings(max_examples=20)
@given(graphs())
def test_it_loads_to_an_equal_plan(written: tuple[dict[str, Any], dict[str, Any]]) -> None:
    base, chat = written
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "chat.yaml")
        Path(folder, "far").mkdir()
        Path(folder, "far", "base.yaml").write_text(json.dumps(base))
        file.write_text(json.dumps(chat))
        plan = load_graph(file, registry=REGISTRY)
        assert without_places(expanded_plan(file)) == without_places(plan)
        assert plan.nodes


def test_paths_that_other_files_write_lead_to_the_same_files(tmp_path: Path) -> None:
    far = tmp_path / "far"
    far.mkdir()
    (far / "inner.yaml").write_text(
        "version: 1\nparameters: {where: {type: path}, what: {type: string}}\ninputs: [text]\noutputs: [out]\n"
        "nodes: {deep: {calculator: Files, inputs: {text: text}, outputs: {out: out}, "
        'options: {one: "${where}", many: {}}}, other: {calculator: Holder, inputs: {text: text}, '
        'options: {text: "${what}"}}}\n'
    )
    (far / "base.yaml").write_text(
        "version: 1\nparameters: {a: {type: path, default: one}, b: {type: path, default: two}}\n"
        "inputs: [text]\noutputs: [out]\nnodes:\n"
        "  inner: {graph: inner.yaml, parameters: {where: x, what: x}, inputs: {text: text}, outputs: {out: s1}}\n"
        "  files:\n    calculator: Files\n    inputs: {text: s1}\n    outputs: {out: s2}\n"
        "    options: {one: x/y, many: {k: [z, null, /abs, ~]}, either: w}\n"
        "  more: {calculator: Files, inputs: {text: s2}, outputs: {out: out}, "
        'options: {one: "${a}", many: {k: ["${b}", "${b}/c"]}, either: 3}}\n'
    )
    file = tmp_path / "chat.yaml"
    file.write_text("version: 1\nextends: far/base.yaml\nparameters: {b: {default: here}}\n")
    plan = load_graph(file, registry=REGISTRY)
    options = {node.name: node.options for node in plan.nodes}
    assert options["files"]["one"] == far / "x" / "y"
    assert options["more"]["many"] == {"k": [tmp_path / "here", tmp_path / "here" / "c"]}
    assert without_places(expanded_plan(file)) == without_places(plan)


def test_a_graph_that_extends_none_is_shown_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "chat.yaml"
    file.write_text("inputs: [text]\nnodes: {only: {inputs: {text: text}, calculator: Pass}}\nversion: 1\n")
    assert expanded_text(file, REGISTRY) == (
        "version: 1\ninputs: [text]\n\nnodes:\n  only:\n    calculator: Pass\n    inputs: {text: text}\n"
    )


def test_changes_that_cannot_be_made_are_told(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text("version: 1\ninputs: [text]\nnodes: {n: {calculator: Pass}}\n")
    file = tmp_path / "chat.yaml"
    file.write_text("version: 1\nextends: base.yaml\ninsert: {x: {on: text, calculator: Pas}}\n")
    with pytest.raises(GraphError, match="chat.yaml:3: unknown calculator 'Pas': did you mean 'Pass'"):
        expanded_text(file, REGISTRY)
