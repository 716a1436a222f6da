"""What the argument of `serve` and `chat` stands for."""

from __future__ import annotations

from pathlib import Path

import pytest

from ovpipe.cli.one_model import one_model
from ovpipe.errors import NotFoundError
from ovpipe.graph.files import shipped_graphs
from ovpipe.serving.config import DEFAULT_GRAPHS, ModelGraph


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder, and an empty store."""
    monkeypatch.setenv("OVPIPE_MODELS", str(tmp_path / "store"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_folder_is_a_model_by_its_name(project: Path) -> None:
    (project / "SmolLM2").mkdir()
    for what in ("SmolLM2", "./SmolLM2", "SmolLM2/", str(project / "SmolLM2")):
        found = one_model([what], None, {})
        assert found.name == "SmolLM2"
        assert found.parameters == {"models_path": str(project / "SmolLM2")}


def test_a_graph_comes_before_a_folder_of_its_name(project: Path) -> None:
    (project / "chat").mkdir()
    assert one_model(["chat"], None, {}).parameters == {}
    assert one_model(["./chat"], None, {}).parameters == {"models_path": str(project / "chat")}


def test_what_is_set_comes_before_what_the_argument_gives(project: Path) -> None:
    (project / "a").mkdir()
    assert one_model(["a"], "other", {"models_path": "b"}).parameters == {"models_path": "b"}


@pytest.mark.parametrize("what", ["caht", "a" * 5000, "a\0b", "no/such.yaml", ""])
def test_what_is_neither_is_a_message(what: str) -> None:
    with pytest.raises(NotFoundError, match="graph"):
        one_model([what], None, {})


def test_what_is_no_graph_is_served_by_all_shipped_graphs_that_serve_models(project: Path) -> None:
    (project / "SmolLM2").mkdir()
    shipped = shipped_graphs()
    for what in ([], ["SmolLM2"]):
        assert one_model(what, None, {}).graphs == tuple(ModelGraph(shipped[name]) for name in DEFAULT_GRAPHS)
    assert DEFAULT_GRAPHS[0] == "chat", "the first graph loads the model"


def test_several_graphs_are_one_model_by_the_name_of_the_first(project: Path) -> None:
    (project / "mine.yaml").write_text("version: 1\n")
    found = one_model(["chat", "./mine.yaml"], None, {"device": "CPU"})
    assert (found.name, found.parameters) == ("chat", {"device": "CPU"})
    assert found.graphs == (ModelGraph(shipped_graphs()["chat"]), ModelGraph(Path("mine.yaml")))
    assert one_model(["chat", "./mine.yaml"], "org/m", {}).name == "org/m"


@pytest.mark.parametrize("what", [["chat", "caht"], ["SmolLM2", "chat"]])
def test_of_several_arguments_each_is_a_graph(project: Path, what: list[str]) -> None:
    (project / "SmolLM2").mkdir()
    with pytest.raises(NotFoundError, match="of several arguments each has to be a graph"):
        one_model(what, None, {})
