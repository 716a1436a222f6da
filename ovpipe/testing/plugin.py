"""The plugin for pytest, which finds it by itself: fixtures, and readable differences of streams.

It imports nothing of ovpipe's runtime before a test asks for it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from ovpipe.testing import CalculatorRunner, GraphRunner


@pytest.fixture
def calculator_runner() -> type[CalculatorRunner]:
    """The class CalculatorRunner: `calculator_runner(MyCalculator()).run(text=["hi"])`."""
    from ovpipe.testing import CalculatorRunner

    return CalculatorRunner


@pytest.fixture
def graph_runner(request: pytest.FixtureRequest) -> Callable[..., GraphRunner]:
    """Makes a GraphRunner: `graph_runner("loud", replace={...}).run(text=["hi"])`.

    A graph is found by its path, in the folder graphs/ of the project in which the test's file is, with or
    without `.yaml`, or by the name of a shipped graph.
    """
    from ovpipe.testing import GraphRunner

    def make(graph: str | Path, **settings: Any) -> GraphRunner:
        return GraphRunner(_of_project(request.path, str(graph)) or graph, **settings)

    return make


def _of_project(test: Path, graph: str) -> Path | None:
    for folder in test.parents:
        for file in (folder / graph, folder / "graphs" / graph, folder / "graphs" / f"{graph}.yaml"):
            if file.is_file():
                return file
        if (folder / "graphs").is_dir() or (folder / "pyproject.toml").exists():
            return None
    return None


def pytest_assertrepr_compare(op: str, left: Any, right: Any) -> list[str] | None:
    """Lists of packets that are not equal are shown timestamp by timestamp."""
    if op != "==" or not (isinstance(left, list) and isinstance(right, list)):
        return None
    from ovpipe.testing.stream_diff import are_packets, stream_diff

    return stream_diff(left, right) if are_packets(left, right) else None
