"""A real server with small graphs, for all tests of a file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serving.server_process import ServerProcess

PROJECT = Path(__file__).with_name("project")
GRAPHS = PROJECT / "graphs"
CONFIG = f"""
version: 1
models:
  echo: {{graph: {GRAPHS}/echo.yaml}}
  org/echo: {{graph: {GRAPHS}/echo.yaml}}
  counter: {{graph: {GRAPHS}/counter.yaml}}
  bad: {{graph: {GRAPHS}/bad.yaml}}
limits:
  body_bytes: 400000
  body_seconds: 1
  write_seconds: 1
  silent_seconds: 2
  run_close_seconds: 2
  drain_seconds: 5
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """Models echo, org/echo, counter and bad; short limits; stopped without orphans at the end."""
    config = tmp_path_factory.mktemp("server") / "server.yaml"
    config.write_text(CONFIG)
    with ServerProcess("--config", str(config)) as server:
        server.wait_ready()
        yield server


@pytest.fixture
def record(tmp_path: Path) -> Path:
    """A file in which a calculator says how its run goes."""
    return tmp_path / "record"
