"""The plugin for pytest, as a project's tests meet it."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytest_plugins = ["pytester"]

CALCULATOR = """
from ovpipe import Calculator, Context, Input, Output, register


@register
class ShoutCalculator(Calculator):
    text = Input[str]()
    loud = Output[str]()

    def process(self, cx: Context) -> None:
        cx.send(self.loud, cx[self.text].upper())
"""
GRAPH = """version: 1
inputs: [text]
outputs: [loud]
nodes: {shout: {calculator: ShoutCalculator, inputs: {text: text}, outputs: {loud: loud}}}
"""
TESTS = """
import subprocess
import sys

import pytest
from ovpipe import Calculator, Context, Input, Output, Packet, Timestamp


class Whisper(Calculator):
    text = Input[str]()
    loud = Output[str]()

    def process(self, cx: Context) -> None:
        cx.send(self.loud, cx[self.text].lower())


def test_a_calculator(calculator_runner):
    assert calculator_runner(Whisper()).run(text=["A"])[Whisper.loud] == ["a"]


def test_a_graph(graph_runner):
    assert graph_runner("shout").run(text=["a"])["loud"] == ["A"]
    assert graph_runner("graphs/shout.yaml", replace={"shout": Whisper()}).run(text=["A"])["loud"] == ["a"]


def test_that_differs(graph_runner):
    expected = [Packet("A", Timestamp(0)), Packet("B", Timestamp(1)), Packet("C", Timestamp(2))]
    assert graph_runner("shout").run(text=["a", "x", "c"]).packets("loud") == expected
"""


def test_its_fixtures_run_calculators_and_graphs_and_a_failure_shows_where_streams_differ(
    pytester: pytest.Pytester,
) -> None:
    for name, text in {
        "calculators/shout.py": CALCULATOR,
        "graphs/shout.yaml": GRAPH,
        "tests/test_shout.py": TESTS,
    }.items():
        file = pytester.path / name
        file.parent.mkdir()
        file.write_text(text)
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider")
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(
        [
            "E       AssertionError: assert the packets differ, 3 came and 3 should have (-: missing, +: too many)",
            "E           @0  'A'",
            "E         - @1  'B'",
            "E         + @1  'X'",
            "E           @2  'C'",
        ]
    )


@pytest.mark.slow
def test_whoever_only_has_it_installed_imports_no_runtime() -> None:
    code = "import sys, ovpipe.testing.plugin; sys.exit('ovpipe.runtime' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
