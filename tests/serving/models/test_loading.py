"""Models that load, each for itself, while the server already answers. Fault 60's like."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.serving.asking import get, post
from tests.serving.conftest import GRAPHS
from tests.serving.server_process import ServerProcess


def config(tmp_path: Path, *models: str) -> str:
    file = tmp_path / "server.yaml"
    lines = [f"  {model.format(graphs=GRAPHS, tmp=tmp_path)}\n" for model in models]
    file.write_text("version: 1\nlimits: {graph_close_seconds: 2}\nmodels:\n" + "".join(lines))
    return str(file)


ECHO = "echo: {{graph: {graphs}/echo.yaml}}"
SLOW = "slow: {{graph: {graphs}/lamp.yaml, parameters: {{gate: {tmp}/gate, record: {tmp}/closed}}}}"
BROKEN = "broken: {{graph: {graphs}/lamp.yaml, parameters: {{broken: true}}}}"


def test_a_model_that_loads_is_503_and_the_others_are_served(tmp_path: Path) -> None:
    with ServerProcess("--config", config(tmp_path, ECHO, SLOW, BROKEN)) as server:
        server.wait_line("model echo: ready after")
        server.wait_line("model broken: failed to load: .*OSError: the bulb is broken")
        server.wait_line("model slow: lamp: screwing in 50%")
        assert post(server.url, {"model": "echo"}).status == 200

        loading = post(server.url, {"model": "slow"})
        assert loading.error() == (503, "model_loading", "model")
        assert int(loading.headers["retry-after"]) > 0
        failed = post(server.url, {"model": "broken"})
        assert failed.error() == (503, "model_unavailable", "model")
        assert "bulb" not in failed.body.decode()

        assert get(server.url, "/health/live").status == 200
        ready = get(server.url, "/health/ready")
        assert ready.status == 503
        assert ready.json()["models"] == {"echo": "available", "slow": "loading", "broken": "failed"}
        assert [model["id"] for model in get(server.url, "/v1/models").json()["data"]] == ["echo"]
        assert get(server.url, "/v1/models/slow").status == 503

        (tmp_path / "gate").touch()
        server.wait_line("model slow: ready after")
        assert post(server.url, {"model": "slow"}).status == 200
        assert (
            'ovpipe_lamp_watts{model="slow",side_packet="lamp"} 40.0'
            in get(server.url, "/metrics").body.decode()
        )
    assert (tmp_path / "closed").read_text() == "closed"


def test_all_models_available_is_ready(tmp_path: Path) -> None:
    (tmp_path / "gate").touch()
    with ServerProcess("--config", config(tmp_path, ECHO, SLOW)) as server:
        server.wait_ready()
        assert get(server.url, "/health/ready").json() == {
            "status": "ready",
            "models": {"echo": "available", "slow": "available"},
        }


def test_a_server_whose_models_have_all_failed_ends(tmp_path: Path) -> None:
    server = ServerProcess("--config", config(tmp_path, BROKEN))
    assert server.wait_end() == 1
    assert "model broken: failed to load: node 'lamp'" in server.output()
    assert "no model could be loaded, so there is nothing to serve" in server.output()
    assert "Traceback" not in server.output()


@pytest.mark.slow
def test_a_server_can_be_stopped_while_it_loads(tmp_path: Path) -> None:
    with ServerProcess("--config", config(tmp_path, SLOW)) as server:
        server.wait_line("screwing in")
        server.signal()
        server.wait_line("shutting down")
        (tmp_path / "gate").touch()  # a thread can only end by itself
        assert server.wait_end() == 0
