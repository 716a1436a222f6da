"""A model's list of graphs changes while it serves: doors come and go, and the engine stays."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from ovpipe.cli.embedded import embedded_parameters
from tests.serving.asking import ask, get, post
from tests.serving.server_process import ServerProcess

pytestmark = pytest.mark.slow

ASKED = {"model": "org/tiny", "max_tokens": 4, "messages": [{"role": "user", "content": "Hello"}]}


def served_by(file: Path, *graphs: str) -> None:
    models = {"org/tiny": {"graphs": graphs, "parameters": embedded_parameters()}}
    file.write_text(json.dumps({"version": 1, "models": models}))


def engine_of(server: ServerProcess) -> str:
    (pid,) = re.findall(
        r"^ovpipe_engine_pid{.*} (.*)$", get(server.url, "/metrics").body.decode(), re.MULTILINE
    )
    assert isinstance(pid, str)
    return pid


def test_a_graph_comes_and_goes_and_the_engine_stays(tmp_path: Path) -> None:
    file = tmp_path / "server.yaml"
    served_by(file, "chat")
    with ServerProcess("--config", str(file), "--no-watch") as server:
        server.wait_ready()
        engine = engine_of(server)
        assert post(server.url, ASKED, "/v1/messages").error() == (404, "unknown_url", None)
        for graphs, status in ((("chat", "messages", "tokenize"), 200), (("chat", "tokenize"), 404)):
            served_by(file, *graphs)
            assert ask(server.url, "POST", "/v1/config/reload", b"", {}).json()["replaced"] == ["org/tiny"]
            assert post(server.url, ASKED, "/v1/messages").status == status
            assert post(server.url, ASKED).status == 200
            assert engine_of(server) == engine
        endpoints = get(server.url, "/v1/models/org/tiny").json()["capabilities"]["endpoints"]
        assert "/v1/tokenize" in endpoints
        assert "/v1/messages" not in endpoints
