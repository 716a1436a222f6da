"""The two servers of one file, and how each is started."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Protocol

from tests.benchmarks.peers.venvs import python_of
from tests.benchmarks.real.server import Server, free_port
from tests.benchmarks.real.turns import Load

LLAMACPP = "xllamacpp", "2026.10.11549"
"""The package that has llama.cpp's server, built for all processors of a kind: it chooses among kernels."""


class Side(Protocol):
    """A server that can be started for a load."""

    @property
    def name(self) -> str:
        """What the table calls it."""

    def server(self, load: Load) -> Server:
        """Its process, which starts now."""


class Ovpipe:
    """`ovpipe serve` with what it is given on the command line, all else by default.

    `cache` is where it keeps what it makes of the file and what it measures of the model.
    """

    def __init__(self, model: Path, arguments: Sequence[str], cache: Path) -> None:
        self.name = f"ovpipe {version('ovpipe')}"
        self._arguments = [str(model), *arguments]
        self._env: Mapping[str, str] = {"OVPIPE_MODELS": str(cache / "models"), "XDG_CACHE_HOME": str(cache)}

    def server(self, load: Load) -> Server:
        """The same for every load."""
        port = free_port()
        command = [sys.executable, "-m", "ovpipe.cli.main", "serve", *self._arguments, "--port", str(port)]
        return Server(command, port=port, health="/health/ready", env=self._env)


class LlamaCpp:
    """llama.cpp's server in a venv of its own, which is made when it is missing."""

    def __init__(self, model: Path, venvs: Path, threads: int) -> None:
        self.name = " ".join(LLAMACPP)
        self._python = python_of(*LLAMACPP, venvs)
        self._model = model
        self._threads = threads

    def server(self, load: Load) -> Server:
        """As many slots as the load has streams, each with room for a prompt and its answer."""
        port = free_port()
        options = {
            "port": port,
            "streams": load.streams,
            "context": load.prompt_tokens + load.tokens,
            "threads": self._threads,
        }
        arguments = [text for name, value in options.items() for text in (f"--{name}", str(value))]
        command = [str(self._python), "-m", "tests.benchmarks.real.llamacpp", str(self._model), *arguments]
        return Server(command, port=port, health="/health", env={})
