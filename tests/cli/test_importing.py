"""Imports as the command line makes and shows them."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
from rich.console import Console

from ovpipe.cli.display import Bars, Lines
from ovpipe.cli.importing import ShownImport, ready_model
from ovpipe.cli.model_sources import with_models
from ovpipe.cli.one_model import one_model
from ovpipe.errors import GraphError
from ovpipe.model_store.errors import ModelStoreError
from ovpipe.model_store.store import ModelStore
from ovpipe.model_store.stored_model import ModelRecord, Origin
from ovpipe.serving.config_file import read_server_config
from tests.modelling.importing.folders import write_folder


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModelStore:
    """An empty store, and a working folder with a model in the form of Hugging Face's."""
    monkeypatch.setenv("OVPIPE_MODELS", str(tmp_path / "store"))
    monkeypatch.chdir(tmp_path)
    write_folder(tmp_path / "tiny")
    return ModelStore(tmp_path / "store")


def test_lines_show_each_tenth_and_the_end(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    shown = ShownImport(Lines(sys.stdout), "model a")
    shown.waits()
    for written in range(0, 2_000_001, 10_000):
        shown.progress(written, 2_000_000)
    (tmp_path / "tiny" / "model.safetensors").unlink()
    shown.done(Path("a.gguf"), tmp_path / "tiny")
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == [
        "model a: another process imports it; waiting for that",
        "model a: import: 200 kB of about 2 MB 10%",
    ]
    assert [line.rpartition(" ")[2] for line in lines[1:-1]] == [f"{part}0%" for part in range(1, 11)]
    assert lines[-1].startswith("model a: imported a.gguf in ")


def test_a_terminal_gets_a_bar() -> None:
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=120, highlight=False)
    with Bars(["model a"], screen, console) as bars:
        shown = ShownImport(bars, "model a")
        for written in range(0, 2_000_001, 10_000):
            shown.progress(written, 2_000_000)
    assert "import: 1.02 MB of about 2 MB" in screen.getvalue()
    assert "\N{BOX DRAWINGS HEAVY HORIZONTAL}" in screen.getvalue()


def test_a_folder_of_weights_is_imported_once_and_served_by_its_name(store: ModelStore) -> None:
    log = io.StringIO()
    first = one_model(["./tiny"], None, {"device": "CPU"}, file=log)
    assert log.getvalue().splitlines()[-1].startswith("model tiny: imported ")
    assert first.name == "tiny"
    assert first.parameters == {"models_path": str(store.imports.folders()[0]), "device": "CPU"}
    log = io.StringIO()
    assert (
        one_model(["tiny"], None, {}, file=log).parameters["models_path"] == first.parameters["models_path"]
    )
    assert log.getvalue() == ""


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("tinny.gguf", "tinny.gguf does not exist"),
        ("tiny/model.safetensors", "has weights alone; name its folder"),
        ("pickle", "which is a pickle"),
    ],
)
def test_what_is_no_model_is_a_message(tmp_path: Path, what: str, message: str) -> None:
    (tmp_path / "pickle").mkdir()
    (tmp_path / "pickle" / "pytorch_model.bin").touch()
    with pytest.raises(ModelStoreError, match=message):
        one_model([what], None, {})


def stored(store: ModelStore, name: str, origin: Origin, folder: Path) -> None:
    with store.adding(name, ModelRecord(origin=origin, weights="as-is", folder=str(folder))):
        pass


def test_a_repository_that_was_pulled_is_served_by_its_own_name(store: ModelStore, tmp_path: Path) -> None:
    stored(store, "mine", Origin(repository="OpenVINO/Qwen-ov", revision="abc"), tmp_path)
    found = one_model(["OpenVINO/Qwen-ov"], None, {})
    assert (found.name, found.parameters) == ("mine", {"models_path": str(tmp_path)})
    with pytest.raises(LookupError, match="`ovpipe models pull OpenVINO/Other` brings one"):
        one_model(["OpenVINO/Other"], None, {})


def test_sources_in_a_server_yaml_become_folders(store: ModelStore, tmp_path: Path) -> None:
    ready = ready_model(store, tmp_path / "tiny", io.StringIO()).folder
    stored(store, "mine", Origin(repository="OpenVINO/Qwen-ov", revision="abc"), tmp_path / "mine")
    stored(store, "gguf", Origin(repository="me/it", revision="abc", path="it.Q8_0.gguf"), tmp_path / "gguf")
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "server.yaml").write_text(
        """
        version: 1
        resources:
          shared: {graph: language_model, source: mine}
        models:
          folder: {source: ../tiny, parameters: {device: GPU}}
          made: {source: PATH}
          name: {source: mine}
          repository: {source: OpenVINO/Qwen-ov, pull: missing}
          file: {source: me/it/it.Q8_0.gguf}
          plain: {graph: chat, parameters: {models_path: tiny}}
        """.replace("PATH", str(ready))
    )
    config = with_models(read_server_config(tmp_path / "deep" / "server.yaml"), store, io.StringIO())
    (shared,) = config.resources
    assert {shared.name: shared.parameters} | {one.name: one.parameters for one in config.models} == {
        "shared": {"models_path": str(tmp_path / "mine")},
        "folder": {"models_path": str(ready), "device": "GPU"},
        "made": {"models_path": str(ready)},
        "name": {"models_path": str(tmp_path / "mine")},
        "repository": {"models_path": str(tmp_path / "mine")},
        "file": {"models_path": str(tmp_path / "gguf")},
        "plain": {"models_path": "tiny"},
    }


def test_sources_that_lead_nowhere_are_reported_at_once_each_with_its_line(
    store: ModelStore, tmp_path: Path
) -> None:
    stored(store, "Qwen3-0.6B", Origin(path="/elsewhere/Qwen3-0.6B.gguf"), tmp_path)
    file = tmp_path / "server.yaml"
    file.write_text(
        """version: 1
models:
  a: {source: tinny}
  b: {source: ./tiny.gguf}
  c: {source: OpenVINO/Qwen}
  d: {source: OpenVINO/Qwen3-0.6B-int4-ov, pull: missing}
  e: {source: a/b/c/d}
"""
    )
    with pytest.raises(GraphError) as raised:
        with_models(read_server_config(file), store, io.StringIO())
    a, b, c, d, e = (f"{one.line}: {one.message}" for one in raised.value.findings)
    assert a.startswith("3: source of a: there is no file or folder ")
    assert a.endswith("no model 'tinny' in `ovpipe models list`; there are: Qwen3-0.6B")
    assert b.startswith(f"4: source of b: {tmp_path}/tiny.gguf does not exist")
    assert c == (
        "5: source of c: OpenVINO/Qwen is not on this machine; run `ovpipe models pull OpenVINO/Qwen`, or say "
        "`pull: missing` beside it"
    )
    assert d == (
        "6: source of d: the store has another model 'Qwen3-0.6B', from /elsewhere/Qwen3-0.6B.gguf; run "
        "`ovpipe models pull OpenVINO/Qwen3-0.6B-int4-ov --name NAME`"
    )
    assert e.startswith(f"7: source of e: {tmp_path}/a/b/c/d does not exist")
