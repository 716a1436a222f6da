"""Every graph that ships can be loaded."""

from __future__ import annotations

from pathlib import Path

import pytest

from ovpipe.graph.load import load_graph
from ovpipe.registry import Registry

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("graph", sorted((ROOT / "graphs").glob("*.yaml")), ids=lambda path: path.name)
def test_a_shipped_graph_loads(graph: Path) -> None:
    plan = load_graph(graph, registry=Registry.installed(), parameters={"models_path": "model"})
    assert plan.nodes
