"""Graphs that a node has run elsewhere are checked with its own, each mistake at its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from ovpipe.calculator import Calculator, UsedGraph
from ovpipe.errors import GraphError
from ovpipe.graph.load import check_graph, load_graph
from ovpipe.ports import SideOutput
from ovpipe.registry import Registry


class Starts(Calculator):
    """Has a graph run."""

    started = SideOutput[int]()

    def __init__(self, *, graph: str, key: str = "") -> None:
        pass

    @classmethod
    def used_graphs(cls, options: Mapping[str, Any]) -> Sequence[UsedGraph]:
        return (UsedGraph(options["graph"], {}, inputs=("commands",), outputs=("deltas",)),)


REGISTRY = Registry.of(Starts)
OUTER = """\
version: 1
parameters:
  key: {{type: string}}
side_outputs: [started]
nodes:
  engine:
    calculator: Starts
    side_outputs: {{started: started}}
    options: {{graph: "{graph}", key: "${{key}}"}}
"""
INNER = """\
version: 1
inputs: [commands]
outputs: [deltas]
nodes:
  pass:
    calculator: CounterCalculator
    inputs: {stream: commands}
    outputs: {count: deltas}
"""


def written(folder: Path, inner: str = INNER) -> tuple[Path, Path]:
    """The graph, and the one that its node has run."""
    used = folder / "graphs" / "inner.yaml"
    used.parent.mkdir(exist_ok=True)
    used.write_text(inner)
    outer = folder / "outer.yaml"
    outer.write_text(OUTER.format(graph=used))
    return outer, used


def mistakes(outer: Path) -> str:
    with pytest.raises(GraphError) as caught:
        check_graph(outer, registry=REGISTRY)
    return str(caught.value)


def test_a_right_one_is_no_finding_also_while_other_options_are_not_known(tmp_path: Path) -> None:
    outer, _ = written(tmp_path)
    assert check_graph(outer, registry=REGISTRY) == ("key",)
    assert load_graph(outer, registry=REGISTRY, parameters={"key": "x"}).calculator_folders == ()


def test_a_mistake_in_it_has_its_own_file_and_line(tmp_path: Path) -> None:
    outer, used = written(tmp_path, INNER.replace("stream: commands", "stream: comands"))
    said = mistakes(outer)
    assert f"{used}:7: CounterCalculator.stream reads stream 'comands'" in said
    assert f"(used by node 'engine', {outer}:6)" in said


def test_what_whoever_runs_it_needs_must_be_there(tmp_path: Path) -> None:
    outer, used = written(tmp_path, INNER.replace("deltas", "delta"))
    assert (
        f"{used}:1: the graph has no output 'deltas', which whoever runs it needs; did you mean 'delta'?"
        in (mistakes(outer))
    )


def test_one_that_is_not_there_is_a_finding_at_the_node(tmp_path: Path) -> None:
    outer, used = written(tmp_path)
    used.rename(used.with_name("other.yaml"))
    assert f"{outer}:6: node 'engine' has a graph run in a process of its own: there is no graph file" in (
        mistakes(outer)
    )


def test_one_that_has_itself_run_is_a_finding(tmp_path: Path) -> None:
    outer, _ = written(tmp_path)
    outer.write_text(OUTER.format(graph=outer))
    assert f"{outer}:6: node 'engine' has a graph run that has this one run" in mistakes(outer)


def test_the_calculators_of_its_own_project_are_found(tmp_path: Path) -> None:
    outer, _ = written(tmp_path, INNER.replace("CounterCalculator", "OwnCounter"))
    folder = tmp_path / "calculators"
    folder.mkdir()
    (folder / "own.py").write_text(
        "from ovpipe.registry import register\n"
        "from ovpipe.calculators.flow.counter import CounterCalculator\n\n\n"
        "@register\nclass OwnCounter(CounterCalculator):\n    pass\n"
    )
    plan = load_graph(outer, registry=REGISTRY, parameters={"key": "x"})
    assert plan.calculator_folders == (folder.resolve(),)
    assert "OwnCounter" not in REGISTRY, "the graph that uses it does not get them"


def test_calculators_that_cannot_be_imported_are_a_finding_with_their_line(tmp_path: Path) -> None:
    outer, _ = written(tmp_path)
    (tmp_path / "calculators").mkdir()
    (tmp_path / "calculators" / "own.py").write_text("def broken(:\n")
    assert f"{tmp_path}/calculators/own.py:1: " in mistakes(outer)
