"""What the argument of `serve` and `chat` stands for."""

from __future__ import annotations

from pathlib import Path

import pytest

from ovpipe.cli.one_model import one_model
from ovpipe.errors import NotFoundError
from ovpipe.graph.files import shipped_graphs
from ovpipe.serving.config import ModelGraph


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder, and an empty store."""
    monkeypatch.setenv("OVPIPE_MODELS", str(tmp_path / "store"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_folder_is_a_model_by_its_name(project: Path) -> None:
    (project / "SmolLM2").mkdir()
    for what in ("SmolLM2", "./SmolLM2", "SmolLM2/", str(project / "SmolLM2")):
        found = one_model(what, None, {})
        assert (found.name, found.graphs) == ("SmolLM2", (ModelGraph(shipped_graphs()["chat"]),))
        assert found.parameters == {"models_path": str(project / "SmolLM2")}


def test_a_graph_comes_before_a_folder_of_its_name(project: Path) -> None:
    (project / "chat").mkdir()
    assert one_model("chat", None, {}).parameters == {}
    assert one_model("./chat", None, {}).parameters == {"models_path": str(project / "chat")}


def test_what_is_set_comes_before_what_the_argument_gives(project: Path) -> None:
    (project / "a").mkdir()
    assert one_model("a", "other", {"models_path": "b"}).parameters == {"models_path": "b"}


@pytest.mark.parametrize("what", ["caht", "a" * 5000, "a\0b", "no/such.yaml", ""])
def test_what_is_neither_is_a_message(what: str) -> None:
    with pytest.raises(NotFoundError, match="graph"):
        one_model(what, None, {})
