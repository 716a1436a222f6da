"""Finding a graph by name or by file."""

from __future__ import annotations

from pathlib import Path

import pytest

from ovpipe.errors import NotFoundError
from ovpipe.graph.files import find_graph, shipped_graphs


def test_the_chat_graph_ships() -> None:
    assert shipped_graphs()["chat"].name == "chat.yaml"


def test_a_name_is_a_shipped_graph(tmp_path: Path) -> None:
    assert find_graph("chat", tmp_path) == shipped_graphs()["chat"]


def test_a_file_goes_before_a_shipped_graph_of_that_name(tmp_path: Path) -> None:
    (tmp_path / "chat").write_text("version: 1\n")
    assert find_graph("chat", tmp_path) == tmp_path / "chat"


def test_a_file_may_be_absolute(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("version: 1\n")
    assert find_graph(str(tmp_path / "mine.yaml"), Path()) == tmp_path / "mine.yaml"


def test_a_missing_file_names_the_nearest_beside_it(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("version: 1\n")
    with pytest.raises(
        NotFoundError, match=r"there is no graph file '.*/mein.yaml'; did you mean 'mine.yaml'\?"
    ):
        find_graph("mein.yaml", tmp_path)


def test_an_unknown_name_names_those_that_ship(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"unknown graph 'xyz'.*there are: .*chat"):
        find_graph("xyz", tmp_path)


@pytest.mark.parametrize(
    "name", ["a\0/b", "a\0", "x" * 300 + "/y.yaml", "x" * 300, "\ud800/x.yaml", ".", "/"]
)
def test_a_name_that_cannot_be_a_path_is_not_found(name: str, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        find_graph(name, tmp_path)
