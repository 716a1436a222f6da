"""What could never be set is found before anybody tries."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest

from ovpipe.calculator import Calculator
from ovpipe.errors import GraphError
from ovpipe.graph.load import check_graph
from ovpipe.ports import Input
from ovpipe.registry import Registry
from tests.graph.subgraphs import Load, Mistakes


class Reader(Calculator):
    text = Input[str]()

    def __init__(self, *, file: Path, mode: Literal["a", "b"] = "a", count: int | None = None) -> None:
        self.file, self.mode, self.count = file, mode, count


class Caller(Calculator):
    text = Input[str]()

    def __init__(self, *, call: Callable[[], None]) -> None:
        self.call = call


class Careless(Calculator):
    text = Input[str]()

    def __init__(
        self,
        *,
        count: int = "three",  # type: ignore[assignment]  # the mistake that is tested
        mode: Literal["a", "b"] = "c",  # type: ignore[assignment]  # the mistake that is tested
        names: tuple[str, ...] = (),
        ratio: float = 1,
        later: list[str] = None,  # type: ignore[assignment]  # noqa: RUF013  # so people write a later default
    ) -> None:
        pass


def test_a_path_of_a_node_is_relative_to_the_graphs_folder(load: Load, tmp_path: Path) -> None:
    text = """
        version: 1
        parameters:
          given: {type: path}
          named: {type: string, default: notes/b.txt}
        inputs: [text]
        nodes:
          literal: {calculator: Reader, inputs: {text: text}, options: {file: notes/a.txt}}
          string: {calculator: Reader, inputs: {text: text}, options: {file: "${named}"}}
          path: {calculator: Reader, inputs: {text: text}, options: {file: "${given}"}}
    """
    plan = load(text, Reader, base=tmp_path, parameters={"given": "c.txt"})
    assert [node.options["file"] for node in plan.nodes] == [
        tmp_path / "notes" / "a.txt",
        tmp_path / "notes" / "b.txt",
        tmp_path / "c.txt",
    ]


def test_an_option_of_a_type_that_yaml_has_no_form_for_is_found(mistakes: Mistakes) -> None:
    text = """
        version: 1
        inputs: [text]
        nodes:
          call: {calculator: Caller, inputs: {text: text}}
    """
    (finding,) = mistakes(text, Caller)
    assert finding.startswith("chat.yaml:4: no graph can give option 'call' of Caller: YAML has no form for")


def test_a_default_of_the_wrong_type_is_found(mistakes: Mistakes) -> None:
    text = """
        version: 1
        inputs: [text]
        nodes:
          careless: {calculator: Careless, inputs: {text: text}}
    """
    assert mistakes(text, Careless) == [
        "chat.yaml:4: option 'count' of Careless has the default 'three', which is not of its type (int); "
        "correct the calculator",
        "chat.yaml:4: option 'mode' of Careless has the default 'c', which is not of its type "
        "(Literal['a', 'b']); correct the calculator",
    ]


@pytest.mark.parametrize(
    ("type", "option", "takes"),
    [
        ("integer", "file", "Path"),
        ("object", "file", "Path"),
        ("boolean", "mode", r"Literal\['a', 'b'\]"),
        ("string", "count", r"int \| None"),
        ("array", "count", r"int \| None"),
    ],
)
def test_a_parameter_of_which_no_value_fits_its_option_is_found_without_one(
    type: str, option: str, takes: str, tmp_path: Path
) -> None:
    file = tmp_path / "graph.yaml"
    file.write_text(f"""version: 1
parameters:
  chosen: {{type: {type}}}
inputs: [text]
nodes:
  reader: {{calculator: Reader, inputs: {{text: text}}, options: { {"file": "a.txt", option: "${chosen}"} }}}
""")
    registry = Registry()
    registry.add(Reader)
    with pytest.raises(
        GraphError,
        match=f"parameter 'chosen' is of type {type}, but option '{option}' of Reader takes {takes}",
    ):
        check_graph(file, registry=registry)


@pytest.mark.parametrize(
    ("type", "option"), [("path", "file"), ("string", "file"), ("string", "mode"), ("integer", "count")]
)
def test_one_of_which_some_value_fits_is_left_to_who_gives_it(type: str, option: str, load: Load) -> None:
    options = {"file": "a.txt", option: "${chosen}"}
    text = f"""version: 1
parameters:
  chosen: {{type: {type}}}
inputs: [text]
nodes:
  reader: {{calculator: Reader, inputs: {{text: text}}, options: {options}}}
"""
    load(text, Reader, parameters={"chosen": {"path": "b", "string": "b", "integer": 3}[type]})


def test_side_inputs_and_optional_inputs_that_nobody_makes_are_found(mistakes: Mistakes) -> None:
    class Optional(Calculator):
        text = Input[str]()
        more = Input[str](optional=True)

    text = """
        version: 1
        inputs: [text]
        side_inputs: [spare]
        nodes:
          one: {calculator: Optional, inputs: {text: text, more: nobody}, side_inputs: {}}
    """
    assert mistakes(text, Optional) == [
        "chat.yaml:3: side packet 'spare' is a side input of the graph, but no node takes it; wire it, or take "
        "it out of side_inputs",
        "chat.yaml:5: Optional.more reads stream 'nobody', which no node produces; there are: text",
    ]
