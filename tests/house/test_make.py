"""The Makefile: what its commands run with, and README's first one as a person types it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import urllib.request

import pytest

from tests.house.pages import ROOT


def test_processes_of_make_keep_the_bytecode_that_they_compile() -> None:
    said = subprocess.run(
        ["make", "--silent", "--eval", "show:; @env", "show"],
        cwd=ROOT,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "KEPT": "1"},
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    assert "KEPT=1" in said.stdout
    assert "PYTHONDONTWRITEBYTECODE" not in said.stdout


@pytest.mark.slow
def test_make_serve_installs_and_serves_the_embedded_model() -> None:
    command = ["make", "serve", "ARGS=--port 0"]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    ) as server:
        try:
            assert ask(wait_until_ready(server)) == 5
        finally:
            os.killpg(server.pid, signal.SIGTERM)


def wait_until_ready(server: subprocess.Popen[str]) -> str:
    """The server's address, once its model is ready."""
    assert server.stdout is not None
    url = ""
    for line in server.stdout:
        listens = re.search(r"listens on (http://\S+)", line)
        url = listens[1] if listens else url
        if ": ready after" in line:
            return url
    raise AssertionError("make serve ended before the model was ready")


def ask(url: str) -> int:
    """How many tokens a chat of five gave."""
    body = {"model": "tiny-chat", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 5}
    request = urllib.request.Request(
        f"{url}/v1/chat/completions", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        tokens: int = json.load(response)["usage"]["completion_tokens"]
    return tokens
