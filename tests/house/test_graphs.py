"""Every graph that ships can be loaded."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ovpipe.graph.files import shipped_graphs
from ovpipe.graph.load import load_graph
from ovpipe.graph.outside import OutsidePacket
from ovpipe.registry import Registry
from ovpipe.serving.config import DEFAULT_GRAPHS, ModelConfig, ModelGraph
from ovpipe.serving.models.declared import Declared

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("graph", sorted((ROOT / "graphs").glob("*.yaml")), ids=lambda path: path.name)
def test_a_shipped_graph_loads(graph: Path) -> None:
    written = graph.read_text("utf-8")
    loads = "models_path:" in written or "extends: chat" in written
    parameters = {"models_path": "model"} if loads else {}
    plan = load_graph(graph, registry=Registry.installed(), parameters=parameters)
    assert plan.nodes or plan.resources


def test_the_nodes_that_load_a_model_are_the_same_alone_and_shared() -> None:
    chat, shared = (
        load_graph(ROOT / "graphs" / name, registry=Registry.installed(), parameters={"models_path": "model"})
        for name in ("chat.yaml", "language_model.yaml")
    )
    own = {node.name: node for node in chat.resources}
    for node in shared.resources:
        assert replace(own.pop(node.name), place="") == replace(node, place="")
    assert list(own) == ["seen_names", "workers"]


def test_a_shared_model_leaves_chat_nothing_to_load() -> None:
    graphs = ROOT / "graphs"
    shared = load_graph(
        graphs / "language_model.yaml", registry=Registry.installed(), parameters={"models_path": "model"}
    )
    given = {one.name: OutsidePacket(one.type) for one in shared.side_outputs}
    chat = load_graph(graphs / "chat.yaml", registry=Registry.installed(), outside=given)
    assert [node.name for node in chat.resources] == ["seen_names", "workers"]
    assert sorted(chat.side_inputs) == sorted(given)


def test_the_graphs_of_a_model_go_together_and_load_it_once(tmp_path: Path) -> None:
    parameters = {"models_path": str(tmp_path)}
    files = tuple(ModelGraph(shipped_graphs()[name]) for name in DEFAULT_GRAPHS)
    models = [ModelConfig(name, files, parameters, tmp_path) for name in ("org/one", "two")]
    declared = Declared.load(models, (), Registry.installed())
    for served in declared.served:
        first, *others = served.graphs
        loaded = {node.calculator for node in first.plan.resources}
        for graph in others:
            assert loaded.isdisjoint(node.calculator for node in graph.plan.resources), graph.name
            assert {one.giver for one in graph.given.values()} == {first}
