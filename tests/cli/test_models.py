"""`ovpipe models`: against a server on this machine that speaks the hub's API."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.hub_server import Hub, Repository, serving
from tests.modelling.importing.folders import write_folder
from tests.models.folders import TINY_RANDOM
from tests.serving.asking import post
from tests.serving.server_process import ServerProcess

pytestmark = pytest.mark.slow

Run = Callable[..., "subprocess.CompletedProcess[str]"]

HELLO = [{"role": "user", "content": "Hello"}]
MODEL = {file.name: file.read_bytes() for file in TINY_RANDOM.iterdir() if file.is_file()}


@pytest.fixture
def hub() -> Iterator[Hub]:
    with serving(Hub({"OpenVINO/Tiny-Random-int4-ov": Repository(dict(MODEL))})) as hub:
        yield hub


@pytest.fixture
def ovpipe(hub: Hub, tmp_path: Path) -> Run:
    """Runs a command with a hub, a cache and a store of its own."""

    def run(*arguments: str, input: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "ovpipe.cli.main", *arguments],
            cwd=tmp_path,
            env={
                **os.environ,
                "HF_HUB_OFFLINE": "0",  # other tests' imports of transformers set it
                "TRANSFORMERS_OFFLINE": "0",
                "HF_ENDPOINT": hub.url,
                "HF_HOME": str(tmp_path / "hf"),
                "OVPIPE_MODELS": str(tmp_path / "models"),
                **environment,
            },
            input=input,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )

    return run


def test_a_pulled_model_is_listed_served_by_its_name_and_removed(
    hub: Hub, ovpipe: Run, tmp_path: Path
) -> None:
    commit = hub.repositories["OpenVINO/Tiny-Random-int4-ov"].commit
    pulled = ovpipe("models", "pull", "OpenVINO/Tiny-Random-int4-ov")
    assert pulled.stderr == ""
    assert pulled.stdout.splitlines()[-1] == "ovpipe serve Tiny-Random"
    assert "README.md" not in str(hub.asked)
    listed = ovpipe("models", "list").stdout
    assert f"OpenVINO/Tiny-Random-int4-ov at {commit[:12]}" in listed
    talk = subprocess.run(
        [sys.executable, "-m", "ovpipe.cli.main", "chat", "Tiny-Random", "--max-tokens", "4"],
        env={**os.environ, "OVPIPE_MODELS": str(tmp_path / "models")},
        input="Hello\n",
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert talk.returncode == 0, talk.stderr
    assert ovpipe("models", "remove", "Tiny-Random").stdout == "Tiny-Random: removed\n"
    assert ovpipe("models", "list").stdout.startswith("no models in ")
    again = ovpipe("chat", "Tiny-Random")
    assert "unknown graph or model 'Tiny-Random'" in again.stderr


def test_pulled_weights_are_imported_and_served_by_their_name(hub: Hub, ovpipe: Run, tmp_path: Path) -> None:
    hub.repositories["me/Tiny"] = Repository(weights(tmp_path))
    pulled = ovpipe("models", "pull", "me/Tiny", "--weights", "f16")
    assert pulled.stderr == ""
    assert pulled.stdout.splitlines()[-1] == "ovpipe serve Tiny"
    assert "model Tiny: imported " in pulled.stdout
    commit = hub.repositories["me/Tiny"].commit
    (listed,) = ovpipe("models", "list").stdout.splitlines()[1:]
    assert listed.split()[:2] == ["Tiny", "f16"]
    assert listed.endswith(f"me/Tiny at {commit[:12]}")
    talk = ovpipe("chat", "Tiny", "--max-tokens", "2", input="Hello\n")
    assert talk.returncode == 0, talk.stderr
    again = ovpipe("models", "pull", "me/Tiny", "--weights", "f16", "--name", "again", HF_HUB_OFFLINE="1")
    assert again.returncode == 0, again.stderr
    assert "imported" not in again.stdout
    wrong = ovpipe("models", "pull", "OpenVINO/Tiny-Random-int4-ov", "--weights", "int8")
    assert "is in OpenVINO's format, which is served as it is; leave out --weights" in wrong.stderr


def test_a_server_pulls_what_is_missing_when_it_is_asked_to(hub: Hub, ovpipe: Run, tmp_path: Path) -> None:
    hub.repositories["me/Tiny"] = Repository(weights(tmp_path))
    config = tmp_path / "server.yaml"
    config.write_text("{version: 1, models: {small: {source: me/Tiny}}}")
    refused = ovpipe("serve", "--config", "server.yaml")
    assert refused.returncode == 1
    assert refused.stderr.startswith(
        "server.yaml:1: source of small: me/Tiny is not on this machine; run `ovpipe"
    )
    assert hub.asked == []
    config.write_text("{version: 1, models: {small: {source: me/Tiny, pull: missing}}}")
    hub_only = {"HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path / "hf"), "HF_HUB_OFFLINE": "0"}
    store = {"OVPIPE_MODELS": str(tmp_path / "models"), "TRANSFORMERS_OFFLINE": "0"}
    for asked in (True, False):
        hub.asked.clear()
        with ServerProcess("--config", str(config), env={**hub_only, **store}) as server:
            server.wait_ready()
            assert post(server.url, {"model": "small", "max_tokens": 2, "messages": HELLO}).status == 200
        assert bool(hub.asked) is asked


def weights(folder: Path) -> dict[str, bytes]:
    """The files of a repository with a small model in safetensors."""
    return {file.name: file.read_bytes() for file in write_folder(folder / "weights").iterdir()}


def test_without_a_network_the_cache_serves(hub: Hub, ovpipe: Run) -> None:
    ovpipe("models", "pull", "OpenVINO/Tiny-Random-int4-ov")
    hub.asked.clear()
    again = ovpipe("models", "pull", "OpenVINO/Tiny-Random-int4-ov", "--name", "other", HF_HUB_OFFLINE="1")
    assert again.returncode == 0, again.stderr
    assert again.stdout.splitlines()[-1] == "ovpipe serve other"
    other = ovpipe("models", "pull", "OpenVINO/Other", HF_HUB_OFFLINE="1")
    assert "OpenVINO/Other is not in the cache" in other.stderr
    assert "HF_HUB_OFFLINE is set" in other.stderr
    assert hub.asked == []


def test_an_interrupted_download_goes_on_where_it_ended(hub: Hub, ovpipe: Run) -> None:
    repository = hub.repositories["OpenVINO/Tiny-Random-int4-ov"]
    repository.files["openvino_model.bin"] = bytes(20_000_000)
    repository.breaks_at = 12_000_000
    ovpipe("models", "pull", "OpenVINO/Tiny-Random-int4-ov")
    assert ovpipe("models", "pull", "OpenVINO/Tiny-Random-int4-ov").returncode == 0
    ranges = [part for path, part in hub.asked if path.endswith("openvino_model.bin") and part]
    assert ranges
    assert all(part.startswith("bytes=1") for part in ranges), ranges


def test_a_private_repository_takes_the_token_of_the_environment(hub: Hub, ovpipe: Run) -> None:
    hub.repositories["me/private"] = Repository(dict(MODEL), token="hf_secret")
    refused = ovpipe("models", "pull", "me/private")
    assert "has no repository me/private, or it is private" in refused.stderr
    assert ovpipe("models", "pull", "me/private", HF_TOKEN="hf_secret").returncode == 0


@pytest.mark.parametrize(
    ("repository", "arguments", "message"),
    [
        (None, [], "has no repository me/it, or it is private: look at the spelling, or set HF_TOKEN"),
        (Repository(dict(MODEL), gated=True), [], "me/it is gated: accept its terms at http"),
        (Repository(dict(MODEL)), ["--revision", "v2"], "me/it has no revision 'v2'"),
        (
            Repository({"config.json": b"{}", "pytorch_model.bin": b"x"}),
            [],
            "pytorch_model.bin, which is a pickle: reading one runs the code in it",
        ),
        (
            Repository({"README.md": b"x"}),
            [],
            "me/it has no openvino_model.xml, no .safetensors and no .gguf file",
        ),
        (
            Repository({"a-Q4_0.gguf": b"x", "a-Q8_0.gguf": b"x"}),
            [],
            "has 2 GGUF files; name one of them by --file: a-Q4_0.gguf, a-Q8_0.gguf",
        ),
        (
            Repository({name: data for name, data in MODEL.items() if "tokenizer" not in name}),
            [],
            "me/it has no openvino_tokenizer.xml",
        ),
    ],
    ids=["missing", "gated", "revision", "pickle", "no model", "several files", "no tokenizer"],
)
def test_a_repository_that_cannot_be_had_is_refused_by_what_is_wrong(
    hub: Hub, ovpipe: Run, repository: Repository | None, arguments: list[str], message: str
) -> None:
    if repository is not None:
        hub.repositories["me/it"] = repository
    refused = ovpipe("models", "pull", "me/it", *arguments)
    assert refused.returncode == 1
    assert message in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_hub_that_does_not_answer_is_named(ovpipe: Run) -> None:
    refused = ovpipe("models", "pull", "me/it", HF_ENDPOINT="http://127.0.0.1:1")
    assert "the hub http://127.0.0.1:1 cannot be reached" in refused.stderr
    assert "Traceback" not in refused.stderr
