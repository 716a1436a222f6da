"""Four times the load that a server carries: what it has no room for is refused, the rest is done, none is lost."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.serving.asking import get
from tests.serving.server_process import ServerProcess

OVERLOAD = Path(__file__).parents[2] / "benchmarks" / "overload"
TOKENS = 16
CARRIES = 32 / (0.02 * TOKENS)
"""Requests a second that the clock engine has time for, if the machine has."""


@pytest.mark.slow
def test_four_times_the_load_loses_no_request() -> None:
    with ServerProcess("--config", str(OVERLOAD / "server.yaml")) as server:
        server.wait_ready()
        command = [sys.executable, str(OVERLOAD / "open_loop.py"), str(server.port), str(4 * CARRIES)]
        load = subprocess.Popen([*command, "3", str(TOKENS)], stdout=subprocess.PIPE, text=True)
        healthy = 0
        while load.poll() is None:
            healthy += get(server.url, "/health").status == 200
        out, _ = load.communicate()
        page = get(server.url, "/metrics").body.decode()
    found = json.loads(out)
    refused = sum(found["refused"].values())
    assert found["lost"] == {}
    assert found["done"] + refused == 4 * CARRIES * 3
    assert set(found["refused"]) <= {"client_share_exceeded", "model_overloaded"}
    assert found["done"] >= 32 + 204  # all that found a place
    assert refused
    assert healthy
    assert re.search(r'^ovpipe_requests_(running|waiting)\{model="clock"\} 0.0$', page, re.MULTILINE)


@pytest.mark.slow
def test_prompt_tokens_that_wait_have_a_limit(tmp_path: Path) -> None:
    config = tmp_path / "server.yaml"
    models = Path(__file__).parents[3] / "ovpipe" / "models" / "tiny-chat"
    config.write_text(f"""
version: 1
resources:
  clock:
    graph: {OVERLOAD}/graphs/clock_model.yaml
    parameters: {{models_path: {models}, step_seconds: 0.5}}
models:
  clock: {{graph: chat, resources: [clock], limits: {{max_queued_prompt_tokens: 300}}}}
limits: {{client_share: 1}}
""")
    with ServerProcess("--config", str(config)) as server:
        server.wait_ready()
        command = [sys.executable, str(OVERLOAD / "open_loop.py"), str(server.port), "60", "1", "2"]
        found = json.loads(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)
        page = get(server.url, "/metrics").body.decode()
    assert found["lost"] == {}
    assert set(found["refused"]) == {"prompt_queue_full"}
    assert found["done"] + found["refused"]["prompt_queue_full"] == 60
    assert found["done"] >= 2, "no prompt has 150 tokens"
    assert 'ovpipe_prompt_tokens_waiting{model="clock"} 0.0' in page
