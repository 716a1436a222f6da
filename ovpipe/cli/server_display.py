"""What `ovpipe serve` shows: its banner, how its models load, its end."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version

from ovpipe.cli.display import Lines


class ServerDisplay:
    """Shows a server's life through `lines`. `graphs` has the names of the graphs of each "model NAME" and
    "resource NAME".

    `example` is the model that the banner asks, with a key if `asks_for_key`.
    """

    def __init__(
        self,
        lines: Lines,
        graphs: Mapping[str, Sequence[str]],
        example: str,
        on_draining: Callable[[], None],
        *,
        asks_for_key: bool = False,
    ) -> None:
        self._lines = lines
        self._graphs = graphs
        self._example = example
        self._asks_for_key = asks_for_key
        self._on_draining = on_draining

    def bound(self, url: str) -> None:
        """Shows the banner: the models, the address, and a command that asks a model."""
        self._lines.say(f"ovpipe {version('ovpipe')} listens on {url}")
        for title, graphs in self._graphs.items():
            said = "graph" if len(graphs) == 1 else "graphs"
            self._lines.say(f"{title}: loading ({said} {', '.join(graphs)})")
        self._lines.say(f"try: {curl_example(url, self._example, asks_for_key=self._asks_for_key)}")
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


def curl_example(url: str, model: str, *, asks_for_key: bool = False) -> str:
    """A command line that asks the model something."""
    body = json.dumps({"model": model, "messages": [{"role": "user", "content": "Hello"}], "stream": True})
    key = ' -H "Authorization: Bearer $OVPIPE_API_KEY"' if asks_for_key else ""
    return f"curl -N {url}/v1/chat/completions{key} -H 'Content-Type: application/json' -d '{body}'"
