"""What `ovpipe serve` shows: its banner, how its models load, its end."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from importlib.metadata import version

from ovpipe.cli.display import Lines


class ServerDisplay:
    """Shows a server's life through `lines`. `graphs` has the name of the graph of each "model NAME" and
    "resource NAME".

    `example` is the model that the banner asks.
    """

    def __init__(
        self, lines: Lines, graphs: Mapping[str, str], example: str, on_draining: Callable[[], None]
    ) -> None:
        self._lines = lines
        self._graphs = graphs
        self._example = example
        self._on_draining = on_draining

    def bound(self, url: str) -> None:
        """Shows the banner: the models, the address, and a command that asks a model."""
        self._lines.say(f"ovpipe {version('ovpipe')} listens on {url}")
        for title, graph in self._graphs.items():
            self._lines.say(f"{title}: loading (graph {graph})")
        self._lines.say(f"try: {curl_example(url, self._example)}")
        self._lines.begin()

    def loading(self, title: str, node: str, message: str, fraction: float | None) -> None:
        """One step of a load."""
        self._lines.loading(title, node, message, fraction)

    def available(self, title: str, seconds: float) -> None:
        """A model or a resource is ready."""
        self._lines.available(title, seconds)

    def failed(self, title: str, reason: str) -> None:
        """A model or a resource cannot be loaded."""
        self._lines.failed(title, reason)

    def draining(self, requests: int) -> None:
        """The first signal came."""
        self._on_draining()
        waits = f"; waiting for {requests} requests, a second signal ends them now" if requests else ""
        self._lines.say(f"shutting down{waits}")


def curl_example(url: str, model: str) -> str:
    """A command line that asks the model something."""
    body = json.dumps({"model": model, "messages": [{"role": "user", "content": "Hello"}], "stream": True})
    return f"curl -N {url}/v1/chat/completions -H 'Content-Type: application/json' -d '{body}'"
