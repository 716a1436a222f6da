"""The real model, imported once, served once, asked by OpenAI's own client."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import openai
import pytest

from ovpipe.modelling.importing.importer import import_model
from ovpipe.modelling.storage import WeightsChoice
from tests.real.answers import Served
from tests.real.model_file import model_file
from tests.serving.server_process import ServerProcess

CONFIG = """
version: 1
models:
  smol:
    graph: chat
    parameters:
      models_path: {model}
      engine: {{core: {core}, exact: true, num_kv_blocks: 512}}
"""


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the file's own values in f32."""
    return _imported(tmp_path_factory, "f32")


@pytest.fixture(scope="session")
def int8_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with 8-bit weights."""
    return _imported(tmp_path_factory, "int8")


def _imported(folders: pytest.TempPathFactory, weights: WeightsChoice) -> Path:
    folder = folders.mktemp("models") / f"smol-{weights}"
    import_model(model_file(), folder, weights=weights)
    return folder


@pytest.fixture(scope="session")
def smol(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The model in exact mode: a text is the same alone and in a batch."""
    yield from _served(model, tmp_path_factory, "genai")


@pytest.fixture(scope="session")
def smol_graph(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The same by the core `graph`."""
    yield from _served(model, tmp_path_factory, "graph")


def _served(model: Path, folders: pytest.TempPathFactory, core: str) -> Iterator[Served]:
    config = folders.mktemp("smol") / "server.yaml"
    config.write_text(CONFIG.format(model=model, core=core))
    with ServerProcess("--config", str(config)) as server:
        server.wait_ready()
        with openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client:
            yield Served(client, server.url, "smol")
