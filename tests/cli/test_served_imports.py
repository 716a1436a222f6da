"""Model files, as a user serves them: imported the first time, served as they are the second."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.modelling.importing.folders import write_folder
from tests.processes.signalled import signalled
from tests.serving.asking import post
from tests.serving.server_process import ServerProcess

pytestmark = pytest.mark.slow

BODY = {
    "model": "tiny",
    "max_tokens": 8,
    "temperature": 0,
    "messages": [{"role": "user", "content": "hello"}],
}


def answer(*arguments: str, store: Path) -> tuple[str, str]:
    """The text that a server answers, and what it showed."""
    with ServerProcess(*arguments, env={"OVPIPE_MODELS": str(store)}) as server:
        server.wait_ready()
        answered = post(server.url, BODY)
        assert answered.status == 200
        text = answered.json()["choices"][0]["message"]["content"]
    return text, "\n".join(server.lines)


def test_a_folder_of_safetensors_is_served_and_quick_the_second_time(tmp_path: Path) -> None:
    source = write_folder(tmp_path / "tiny")
    first, shown = answer(str(source), store=tmp_path / "store")
    assert f"model tiny: imported {source} in " in shown
    second, shown = answer(str(source), store=tmp_path / "store")
    assert "import" not in shown.replace(".imports", "")
    assert first == second


OVPIPE = (sys.executable, "-m", "ovpipe.cli.main")
WRITING = "ovpipe/modelling/streamed.py append"


def importing(tmp_path: Path, *arguments: str, ovpipe: Sequence[str] = OVPIPE) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*ovpipe, "models", "import", *arguments],
        env={**os.environ, "OVPIPE_MODELS": str(tmp_path / "store")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("output", [(), ("-o", "out")], ids=["store", "folder"])
def test_an_import_that_is_killed_leaves_nothing_that_counts_and_the_next_one_clears_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, output: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    source = write_folder(tmp_path / "tiny")
    dying = signalled(signal.SIGKILL, WRITING)
    with importing(tmp_path, str(source), "--weights", "f32", *output, ovpipe=dying) as killed:
        killed.communicate(timeout=100)
    assert killed.returncode == -signal.SIGKILL
    left = list(tmp_path.rglob("openvino_model.bin"))
    assert len(left) == 1
    listed = subprocess.run(
        [*OVPIPE, "models", "list"],
        env={**os.environ, "OVPIPE_MODELS": str(tmp_path / "store")},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert listed.stdout.startswith("no models in ")
    assert not (tmp_path / "out").exists()
    with importing(tmp_path, str(source), "--weights", "f32", *output) as second:
        second.communicate(timeout=100)
    assert second.returncode == 0
    assert left[0] not in tmp_path.rglob("openvino_model.bin")
    assert len(list(tmp_path.rglob("openvino_model.bin"))) == 1


def test_ctrl_c_ends_an_import_without_a_traceback_and_leaves_nothing(tmp_path: Path) -> None:
    source = write_folder(tmp_path / "tiny")
    interrupting = signalled(signal.SIGINT, WRITING)
    with importing(tmp_path, str(source), "--weights", "f32", ovpipe=interrupting) as interrupted:
        _, log = interrupted.communicate(timeout=60)
    assert (interrupted.returncode, log) == (130, "")
    assert list(tmp_path.rglob("openvino_model.bin")) == []
    assert list(tmp_path.rglob("*.part")) == []


def test_two_servers_of_the_same_new_file_import_it_once(tmp_path: Path) -> None:
    source = write_folder(tmp_path / "tiny", intermediate_size=100_000)
    with importing(tmp_path, str(source)) as first, importing(tmp_path, str(source), "--name", "b") as second:
        outputs = [one.communicate(timeout=100)[0] for one in (first, second)]
    assert (first.returncode, second.returncode) == (0, 0), outputs
    assert sum(" imported " in output for output in outputs) == 1
    assert len(list(tmp_path.rglob("openvino_model.bin"))) == 1
