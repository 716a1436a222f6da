"""`ovpipe draw`: which file it writes, and what it says of what it cannot draw."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ovpipe.cli.application import application
from ovpipe.errors import GraphError, OvpipeError

NAMED = """
version: 1
parameters: {guard: {type: string, description: The guard's graph.}}
inputs: [text]
outputs: [out]
nodes:
  guard: {graph: "${guard}", inputs: {text: text}, outputs: {out: out}}
"""
GUARD = """
version: 1
inputs: [text]
outputs: [out]
nodes:
  merge: {calculator: MergeCalculator, inputs: {streams: [text]}, outputs: {merged: out}}
"""


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a graph whose subgraph is a parameter, which is the working folder."""
    (tmp_path / "named.yaml").write_text(NAMED)
    (tmp_path / "guard.yaml").write_text(GUARD)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def ovpipe(*arguments: str) -> Result:
    return CliRunner().invoke(application(), ("draw", *arguments))


def test_the_ending_of_the_file_says_what_is_written(project: Path) -> None:
    for suffix, begin in {".svg": "<svg ", ".mmd": "flowchart TD", ".dot": 'digraph "parse" {'}.items():
        done = ovpipe("parse", "-o", f"out{suffix}")
        assert done.exit_code == 0, done.output
        assert (project / f"out{suffix}").read_text("utf-8").startswith(begin)


def test_without_a_file_it_prints_boxes_of_at_most_100_columns() -> None:
    said = ovpipe("chat")
    assert said.exit_code == 0, said.output
    assert "│ ContinuousBatchingCalculator " in said.stdout
    assert max(map(len, said.stdout.splitlines())) <= 100


def test_a_parameter_that_names_a_subgraph_needs_a_value() -> None:
    error = ovpipe("named.yaml").exception
    assert isinstance(error, GraphError)
    assert "parameter 'guard' needs a value (The guard's graph.); set it, as in --set guard=..." in str(error)
    said = ovpipe("named.yaml", "--set", "guard=guard.yaml")
    assert said.exit_code == 0, said.output
    assert "│ guard.merge " in said.stdout


def test_a_png_is_converted_from_an_svg() -> None:
    said = ovpipe("chat", "-o", "chat.png")
    assert said.exit_code == 2
    assert "rsvg-convert" in said.output


def test_a_folder_that_does_not_exist_is_named() -> None:
    error = ovpipe("parse", "-o", "nowhere/out.svg").exception
    assert isinstance(error, OvpipeError)
    assert str(error) == "nowhere/out.svg cannot be written: No such file or directory"
