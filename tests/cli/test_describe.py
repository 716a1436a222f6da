"""`ovpipe describe`: what a class or a file says of itself, for people and for tools."""

from __future__ import annotations

import json
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ovpipe.cli.application import application
from ovpipe.cli.describe import describe
from ovpipe.errors import DeclarationError, GraphError

SHOUT = '''
from collections.abc import Iterator
from typing import Annotated, Any, Literal

import msgspec

from ovpipe import Calculator, Context, Input, Output, RepeatedInput, SideInput, calculator, register


@register
class ShoutCalculator(Calculator):
    """Makes a text loud,
    and louder.

        shout: {calculator: ShoutCalculator, inputs: {text: text}, outputs: {loud: loud}}
    """

    text = Input[str]()
    parts = RepeatedInput[list[str]](optional=True)
    loud = Output[str | None](streaming=True)
    glossary = SideInput[dict[str, Any]](optional=True)
    timestamp_offset = None

    def __init__(
        self,
        *,
        mark: Annotated[str, msgspec.Meta(description="What stands at the end.")] = "!",
        how: Literal["loud", "louder"],
    ) -> None: ...


@register
class SilentCalculator(Calculator):
    text = Input[str]()


@calculator
def words(text: str, *, longest: int = 20) -> Iterator[str]:
    """Splits a text."""
    yield from text.split()
'''
CALM = """
version: 1
extends: loud.yaml
description: As loud, but calm.
parameters: {mark: {fixed: "."}}
insert:
  again: {on: loud, calculator: words}
"""
LOUD = """
version: 1
parameters:
  mark: {type: string, default: "!", description: What stands at the end.}
  models_path: {type: path}
inputs: [text, {name: more, optional: true}]
outputs: [louder]
nodes:
  shout: {calculator: ShoutCalculator, inputs: {text: text, parts: [more]}, outputs: {loud: loud}, options: {mark: "${mark}", how: loud}}
  inner: {graph: "${models_path}", inputs: {text: loud}, outputs: {louder: louder}}
"""


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with two graphs and its calculators, which is the working folder."""
    files = {"calculators/shout.py": SHOUT, "graphs/loud.yaml": LOUD, "graphs/calm.yaml": CALM}
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text.lstrip())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def ovpipe(*arguments: str) -> Result:
    return CliRunner().invoke(application(), arguments)


def test_a_calculator_of_the_project_says_its_ports_and_options() -> None:
    said = ovpipe("describe", "ShoutCalculator")
    assert said.exit_code == 0, said.output
    assert said.stdout.partition("Description\n")[2] == (
        "  Makes a text loud,\n"
        "  and louder.\n"
        "\n"
        "      shout: {calculator: ShoutCalculator, inputs: {text: text}, outputs: {loud: loud}}\n"
        "\n"
        "Inputs\n"
        "  parts[]  list[str]  optional\n"
        "  text     str\n"
        "\n"
        "Outputs\n"
        "  loud  str | None  streaming\n"
        "\n"
        "Side inputs\n"
        "  glossary  dict[str, Any]  optional\n"
        "\n"
        "Options\n"
        '  mark  str                        default "!"  What stands at the end.\n'
        "  how   Literal['loud', 'louder']  required\n"
        "\n"
        "Timing\n"
        "  timestamp offset  null\n"
    )


def test_a_calculator_as_json_has_a_default_only_where_there_is_one(project: Path) -> None:
    said = json.loads(ovpipe("describe", "ShoutCalculator", "--format", "json").stdout)
    assert (said["kind"], said["name"]) == ("calculator", "ShoutCalculator")
    assert said["summary"] == "Makes a text loud, and louder."
    assert said["file"] == str(project / "calculators" / "shout.py")
    assert said["options"] == [
        {
            "name": "mark",
            "type": "str",
            "required": False,
            "default": "!",
            "meaning": "What stands at the end.",
        },
        {"name": "how", "type": "Literal['loud', 'louder']", "required": True, "meaning": ""},
    ]


def test_a_function_is_a_calculator_and_its_file_is_known(project: Path) -> None:
    said = json.loads(ovpipe("describe", "words", "--format", "json").stdout)
    assert said["docstring"] == "Splits a text."
    assert said["file"] == str(project / "calculators" / "shout.py")
    assert [one["name"] for one in said["options"]] == ["longest"]


def test_a_class_without_a_docstring_does_not_show_that_of_calculator() -> None:
    assert "Description" not in ovpipe("describe", "SilentCalculator").stdout


def test_a_graph_says_its_parameters_ends_and_nodes_with_what_it_extends() -> None:
    said = ovpipe("describe", "graphs/calm.yaml")
    assert said.exit_code == 0, said.output
    assert said.stdout == (
        "Graph\n"
        "  name     calm\n"
        "  file     graphs/calm.yaml\n"
        "  extends  graphs/loud.yaml\n"
        "\n"
        "Description\n"
        "  As loud, but calm.\n"
        "\n"
        "Parameters\n"
        '  mark         string  fixed "."  What stands at the end.\n'
        "  models_path  path    required\n"
        "\n"
        "Inputs\n"
        "  text\n"
        "  more  optional\n"
        "\n"
        "Outputs\n"
        "  louder\n"
        "\n"
        "Nodes\n"
        "  shout  ShoutCalculator       of loud.yaml\n"
        "  again  words\n"
        "  inner  graph ${models_path}  of loud.yaml\n"
    )


def test_a_shipped_graph_as_json() -> None:
    said = json.loads(ovpipe("describe", "responses", "--format", "json").stdout)
    parameters = {one["name"]: one for one in said["parameters"]}
    assert (said["kind"], said["name"]) == ("graph", "responses")
    assert parameters["models_path"]["required"] and "default" not in parameters["models_path"]
    assert parameters["responses_folder"]["default"] is None
    assert [Path(file).name for file in said["extends"]] == ["chat.yaml"]
    assert "ResponsesLookupCalculator" in [node["calculator"] for node in said["nodes"]]


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("ShoutCalculater", "did you mean 'ShoutCalculator'?"),
        ("chatt", "did you mean 'chat'?"),
        ("calm", "did you mean 'graphs/calm.yaml'?"),
        ("graphs/calmer.yaml", "did you mean 'calm.yaml'?"),
        ("zzz", "see `ovpipe list calculators` and `ovpipe list graphs`"),
        ("", "see `ovpipe list calculators` and `ovpipe list graphs`"),
    ],
)
def test_an_unknown_name_is_a_usage_error_with_a_remedy(name: str, remedy: str) -> None:
    said = ovpipe("describe", name)
    assert (said.exit_code, said.stdout) == (2, "")
    assert remedy in " ".join(said.stderr.replace("│", " ").split())


def test_a_name_of_both_kinds_asks_for_the_kind(project: Path) -> None:
    (project / "words").write_text(LOUD.lstrip())
    said = ovpipe("describe", "words")
    assert said.exit_code == 2
    assert "--kind" in said.stderr
    assert ovpipe("describe", "words", "--kind", "calculator").stdout.startswith("Calculator\n")
    assert ovpipe("describe", "words", "--kind", "graph").stdout.startswith("Graph\n")


def test_a_broken_graph_is_reported_with_its_lines(project: Path) -> None:
    (project / "graphs" / "broken.yaml").write_text("version: 1\nnode: {}\n")
    with pytest.raises(GraphError, match=r"broken.yaml:2: .*'node'"):
        describe("graphs/broken.yaml")


def test_options_of_unknown_types_are_the_authors_mistake(project: Path) -> None:
    (project / "calculators" / "odd.py").write_text(
        "from __future__ import annotations\n"
        "from ovpipe import Calculator, register\n"
        "@register\n"
        "class OddCalculator(Calculator):\n"
        "    def __init__(self, *, size: Sise) -> None: ...\n"
    )
    with pytest.raises(DeclarationError, match="OddCalculator.*'Sise'"):
        describe("OddCalculator")
    assert "OddCalculator" in ovpipe("list", "calculators").stdout


def test_a_terminal_shows_brackets_as_they_are_and_wraps(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("TERM", "xterm")
    with redirect_stdout(Terminal()) as shown:
        describe("ShoutCalculator")
    assert "\x1b[1mInputs\x1b[0m" in shown.getvalue()
    assert "parts[]  list[str]" in shown.getvalue()
    assert "dict[str, Any]" in shown.getvalue()
