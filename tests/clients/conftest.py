"""A server whose model keeps to a script, and the programs that ask it, each in its client's own folder."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import pytest

from tests.clients.install import NODES, node_folder, python_of
from tests.clients.scripts import TEMPLATE, TEXTS
from tests.end_to_end.scripted import write_scripted_model
from tests.serving.server_process import ServerProcess

PROGRAMS: Final = Path(__file__).parent / "programs"
SECONDS: Final = 120

QUIET: Final = MappingProxyType(
    {
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # it would fetch a table of prices when it is imported
        "LITELLM_MODE": "PRODUCTION",  # it would read a .env
        "LANGSMITH_TRACING": "false",
        "PYDANTIC_AI_NO_BANNER": "1",
        "HAYSTACK_TELEMETRY_ENABLED": "False",
    }
)
"""What keeps the clients from asking anyone but the server, as their documentation has it."""


@dataclass(frozen=True)
class Ended:
    """What came of a program: its exit code, what it printed, and whether it went to the proxy."""

    code: int
    said: str
    complaints: str
    asked_others: bool


class Clients:
    """Installs some clients and runs the program of each once, two at a time, and keeps what came of them."""

    def __init__(self, url: str, folder: Path, wanted: Iterable[str]) -> None:
        self.url = url
        self._folder = folder
        self._threads = ThreadPoolExecutor(2)
        self._ended = {client: self._threads.submit(self._run, client) for client in wanted}

    def close(self) -> None:
        """Waits for those that have begun, and begins no other."""
        self._threads.shutdown(cancel_futures=True)

    def got(self, client: str) -> Any:
        """What a client's program printed; it has complained of nothing, and asked nobody but the server."""
        ended = self._ended[client].result()
        assert (ended.code, ended.complaints) == (0, "")
        assert not ended.asked_others
        return json.loads(ended.said)

    def _run(self, client: str) -> Ended:
        command = (*command_of(client), self.url)
        with socket.create_server(("127.0.0.1", 0)) as proxy:
            proxy.setblocking(False)
            address = "http://{}:{}".format(*proxy.getsockname())
            done = subprocess.run(
                command,
                cwd=self._folder,
                env={
                    "PATH": os.environ["PATH"],
                    "HOME": str(self._folder),
                    **QUIET,
                    **dict.fromkeys(("http_proxy", "https_proxy", "all_proxy"), address),
                    "no_proxy": "127.0.0.1",
                },
                capture_output=True,
                text=True,
                timeout=SECONDS,
                check=False,
            )
            try:
                proxy.accept()[0].close()
                asked_others = True
            except BlockingIOError:
                asked_others = False
        return Ended(done.returncode, done.stdout, done.stderr, asked_others)


def command_of(client: str) -> tuple[str, ...]:
    """The command that runs a client's program. -P: or `import litellm` would find the program litellm.py."""
    if client in NODES:
        # Node looks for packages beside the program, wherever it is run.
        return "node", str(shutil.copy(PROGRAMS / f"{client}.mjs", node_folder(client) / "program.mjs"))
    python = sys.executable if client in ("openai", "anthropic") else str(python_of(client))
    return python, "-P", str(PROGRAMS / f"{client.replace('-', '_')}.py")


@pytest.fixture(scope="session")
def clients(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clients]:
    """The clients of one server that the tests of this session are about."""
    wanted = {
        str(item.callspec.params["client"]): None
        for item in request.session.items
        if isinstance(item, pytest.Function)
        and hasattr(item, "callspec")
        and "client" in item.callspec.params
    }
    folder = tmp_path_factory.mktemp("clients")
    write_scripted_model(folder / "script", TEXTS, chat_template=TEMPLATE)
    model = {
        "graphs": ["chat", "responses", "messages"],
        "parameters": {
            "models_path": str(folder / "script"),
            "tool_format": "hermes",
            "reasoning_format": "think",
            "engine": {
                "num_kv_blocks": 64,
                "plugin_config": {"INFERENCE_PRECISION_HINT": "f32", "KV_CACHE_PRECISION": "f32"},
            },
        },
    }
    config = folder / "server.yaml"
    config.write_text(json.dumps({"version": 1, "models": {"script": model}}))
    with ServerProcess("--config", str(config)) as server:
        server.wait_ready()
        clients = Clients(server.url, folder, wanted)
        try:
            yield clients
        finally:
            clients.close()
