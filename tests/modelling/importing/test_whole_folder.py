"""Folders that appear whole or not at all, whatever ends who writes them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ovpipe.modelling.importing.whole_folder import whole_folder, work_folder

WRITES_WITHOUT_END = """
import sys
from pathlib import Path
from ovpipe.modelling.importing.whole_folder import whole_folder

with whole_folder(Path(sys.argv[1])) as made:
    (made / "half").write_text("x")
    print("writing", flush=True)
    sys.stdin.read()
"""


def test_a_folder_appears_at_the_end_of_the_block(tmp_path: Path) -> None:
    with whole_folder(tmp_path / "deep" / "model") as made:
        (made / "a").write_text("x")
        assert not (tmp_path / "deep" / "model").exists()
    assert [file.name for file in (tmp_path / "deep" / "model").iterdir()] == ["a"]
    assert [file.name for file in (tmp_path / "deep").iterdir()] == ["model"]


def test_a_block_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), whole_folder(tmp_path / "model") as made:
        (made / "a").write_text("x")
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_is_cleared_by_the_next_one(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WRITES_WITHOUT_END, str(tmp_path / "model")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "writing\n"
        with whole_folder(tmp_path / "other"):
            pass
        assert len(list(tmp_path.glob("*/made/half"))) == 1, "it still writes"
        writer.kill()
        writer.wait()
    assert not (tmp_path / "model").exists()
    with whole_folder(tmp_path / "another"):
        pass
    assert sorted(file.name for file in tmp_path.iterdir()) == ["another", "other"]


def test_what_is_there_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "mine").write_text("mine")
    for name in ("file", "folder"):
        with pytest.raises(FileExistsError, match="is there already"), whole_folder(tmp_path / name):
            pytest.fail("it began")
    with pytest.raises(FileExistsError, match="is there already"), whole_folder(tmp_path / "late"):
        (tmp_path / "late").write_text("mine")
    assert (tmp_path / "late").read_text() == "mine"
    (tmp_path / "empty").mkdir()
    with whole_folder(tmp_path / "empty") as made:
        (made / "a").write_text("x")
    assert (tmp_path / "empty" / "a").exists()


def test_a_work_folder_goes_with_what_is_in_it(tmp_path: Path) -> None:
    with work_folder(tmp_path) as work:
        (work / "a").mkdir()
    assert list(tmp_path.iterdir()) == []
