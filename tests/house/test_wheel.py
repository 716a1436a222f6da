"""What is installed: the wheel holds ovpipe/ and nothing else, and all of it."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """A wheel built from a copy of the files that git tracks or would track."""
    folder = tmp_path_factory.mktemp("wheel")
    files = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split("\0")
    source = folder / "source"
    for name in filter(None, files):
        origin, copy = ROOT / name, source / name
        if not origin.exists():
            continue
        copy.parent.mkdir(parents=True, exist_ok=True)
        if origin.is_symlink():
            copy.symlink_to(origin.readlink())
        else:
            copy.write_bytes(origin.read_bytes())
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, source],
        check=True,
        capture_output=True,
    )
    return zipfile.ZipFile(next(folder.glob("*.whl")))


def test_the_wheel_contains_only_ovpipe(wheel: zipfile.ZipFile) -> None:
    tops = {name.split("/")[0] for name in wheel.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"ovpipe"}


def test_the_wheel_contains_every_module_graph_schema_page_and_model(wheel: zipfile.ZipFile) -> None:
    kinds = (".py", ".yaml", ".json", ".html", ".css", ".js", ".xml", ".bin", "py.typed")
    expected = set()
    for top in ("ovpipe", "calculators", "graphs"):
        for path in (ROOT / top).rglob("*"):
            if path.is_file() and path.name.endswith(kinds) and "__pycache__" not in path.parts:
                name = str(path.relative_to(ROOT))
                expected.add(name if top == "ovpipe" else f"ovpipe/{name}")
    assert expected <= set(wheel.namelist())


def test_the_wheel_contains_nothing_that_git_does_not_know(wheel: zipfile.ZipFile) -> None:
    assert not [name for name in wheel.namelist() if "__pycache__" in name or name.endswith(".pyc")]
