"""Imports: made once for each content and options, however many ask for them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ovpipe.model_store.errors import ModelStoreError
from ovpipe.model_store.imports import ImportOptions, Imports
from ovpipe.model_store.stored_model import RECORD, Origin, read_model
from tests.modelling.importing.folders import write_folder

Import = Callable[..., Path]


@pytest.fixture
def imports(tmp_path: Path) -> Imports:
    return Imports(tmp_path / "imports")


@pytest.fixture
def imported(imports: Imports) -> Import:
    def imported(source: Path, options: ImportOptions | None = None, **how: object) -> Path:
        quiet = {"progress": lambda written, expected: None, "on_wait": lambda: None}
        return imports.imported(source, options or ImportOptions(), **{**quiet, **how})  # type: ignore[arg-type]  # the test's own choice

    return imported


def test_the_same_content_is_imported_once_wherever_it_stands(
    imports: Imports, imported: Import, tmp_path: Path
) -> None:
    folder = imported(write_folder(tmp_path / "tiny"))
    (tmp_path / "tiny").rename(tmp_path / "moved")

    def fails(written: int, expected: int) -> None:
        pytest.fail("it is imported again")

    assert imported(tmp_path / "moved", progress=fails) == folder
    assert imported(tmp_path / "moved", ImportOptions(weights="int8"), progress=fails) == folder
    assert imports.folders() == [folder]
    assert folder.name.startswith("tiny-")
    assert read_model(folder).weights == "int8"
    assert read_model(folder).origin.path == str(tmp_path / "tiny")


def test_other_options_and_other_content_are_other_models(
    imports: Imports, imported: Import, tmp_path: Path
) -> None:
    source = write_folder(tmp_path / "tiny")
    folders = [
        imported(source, options)
        for options in (ImportOptions(), ImportOptions(weights="f16"), ImportOptions(adapters=True))
    ]
    weights = source / "model.safetensors"
    before = weights.stat()
    with weights.open("r+b") as file:
        file.seek(before.st_size // 2)
        file.write(b"\x00\x3c")
    os.utime(weights, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert weights.stat().st_size == before.st_size
    folders.append(imported(source))
    assert len({*folders}) == 4
    assert imports.folders() == sorted(folders)


def test_a_source_that_changes_while_it_is_read_is_not_kept(
    imports: Imports, imported: Import, tmp_path: Path
) -> None:
    source = write_folder(tmp_path / "tiny")

    def changes(written: int, expected: int) -> None:
        (source / "config.json").touch()

    with pytest.raises(ModelStoreError, match="tiny changed while ovpipe read it; import it again"):
        imported(source, progress=changes)
    assert imports.folders() == []
    assert imported(source) in imports.folders()


def test_who_comes_while_another_process_imports_waits_and_takes_that(
    imports: Imports, imported: Import, tmp_path: Path
) -> None:
    source = write_folder(tmp_path / "tiny")
    command = [sys.executable, "-c", IMPORTS_WHEN_TOLD, str(imports.root), str(source)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        assert other.stdout.readline() == "it writes\n"
        waited: list[str] = []

        def on_wait() -> None:
            waited.append("waited")
            assert other.stdin is not None
            other.stdin.close()

        folder = imported(source, progress=lambda written, expected: waited.append("made"), on_wait=on_wait)
        assert other.wait() == 0
    assert waited == ["waited"]
    assert imports.folders() == [folder]


IMPORTS_WHEN_TOLD = """
import sys
from pathlib import Path
from ovpipe.model_store.imports import ImportOptions, Imports

def progress(written, expected):
    print("it writes", flush=True)
    sys.stdin.read()

Imports(Path(sys.argv[1])).imported(
    Path(sys.argv[2]), ImportOptions(), progress=progress, on_wait=lambda: None
)
"""


def test_who_waits_for_one_that_is_killed_makes_it(
    imports: Imports, imported: Import, tmp_path: Path
) -> None:
    source = write_folder(tmp_path / "tiny")
    command = [sys.executable, "-c", IMPORTS_WHEN_TOLD, str(imports.root), str(source)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "it writes\n"
        assert imports.folders() == []
        folder = imported(source, on_wait=other.kill)
    assert imports.folders() == [folder]
    assert (folder / RECORD).is_file()
    left = [place.name for place in imports.root.iterdir() if place.name.endswith(".part")]
    assert left == [], "what the killed one wrote is still there"


def test_where_it_came_from_is_kept(imports: Imports, imported: Import, tmp_path: Path) -> None:
    origin = Origin(repository="me/tiny", revision="abc")
    folder = imported(write_folder(tmp_path / "tiny"), origin=origin)
    kept = read_model(folder)
    assert kept.origin == origin
    assert kept.imported is not None
    assert kept.imported.path == str(tmp_path / "tiny")
    assert kept.imported.content == imports.content_of(tmp_path / "tiny")


def test_what_cannot_be_imported_is_a_message(imports: Imports, imported: Import, tmp_path: Path) -> None:
    with pytest.raises(ModelStoreError, match="no-such.gguf cannot be read: No such file"):
        imported(tmp_path / "no-such.gguf")
    source = write_folder(tmp_path / "tiny")
    (source / "model.safetensors").write_bytes(b"short")
    with pytest.raises(ModelStoreError, match="is not a safetensors file"):
        imported(source)
    assert imports.folders() == []
