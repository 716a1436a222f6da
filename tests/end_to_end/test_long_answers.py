"""Answers that take longer than any limit on silence."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path

from tests.end_to_end.models import MODEL
from tests.serving.server_process import ServerProcess


def test_an_answer_in_one_piece_may_take_longer_than_the_limit_on_silence(tmp_path: Path) -> None:
    config = tmp_path / "server.yaml"
    config.write_text(
        f"version: 1\nlimits: {{silent_seconds: 0.2}}\nmodels:\n  one: {{graph: chat, parameters: {{models_path: {MODEL}}}}}\n"
    )
    with ServerProcess("--config", str(config)) as server:
        server.wait_ready()
        body = {"model": "one", "prompt": "A", "max_tokens": 4000, "ignore_eos": True}
        request = urllib.request.Request(
            f"{server.url}/v1/completions", json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=60) as response:
            answer = json.load(response)
    assert answer["usage"]["completion_tokens"] == 4000
