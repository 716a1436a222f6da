"""What `ovpipe serve` shows: its banner, how its models load, its end."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from importlib.metadata import version

from ovpipe.cli.display import Lines


class ServerDisplay:
    """Shows a server's life through `lines`. `graphs` has the name of each model's graph."""

    def __init__(self, lines: Lines, graphs: Mapping[str, str], on_draining: Callable[[], None]) -> None:
        self._lines = lines
        self._graphs = graphs
        self._on_draining = on_draining

    def bound(self, url: str) -> None:
        """Shows the banner: the models, the address, and a command that asks a model."""
        self._lines.say(f"ovpipe {version('ovpipe')} listens on {url}")
        for name, graph in self._graphs.items():
            self._lines.say(f"model {name}: loading (graph {graph})")
        self._lines.say(f"try: {curl_example(url, next(iter(self._graphs)))}")
        self._lines.begin()

    def loading(self, model: str, node: str, message: str, fraction: float | None) -> None:
        """One step of a model's load."""
        self._lines.loading(model, node, message, fraction)

    def available(self, model: str, seconds: float) -> None:
        """A model is ready."""
        self._lines.available(model, seconds)

    def failed(self, model: str, reason: str) -> None:
        """A model cannot be loaded."""
        self._lines.failed(model, reason)

    def draining(self, requests: int) -> None:
        """The first signal came."""
        self._on_draining()
        waits = f"; waiting for {requests} requests, a second signal ends them now" if requests else ""
        self._lines.say(f"shutting down{waits}")


def curl_example(url: str, model: str) -> str:
    """A command line that asks the model something."""
    body = json.dumps({"model": model, "messages": [{"role": "user", "content": "Hello"}], "stream": True})
    return f"curl -N {url}/v1/chat/completions -H 'Content-Type: application/json' -d '{body}'"
