"""What `ovpipe serve` shows: bars on a terminal, plain lines anywhere else."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from importlib.metadata import version
from types import TracebackType
from typing import Self

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

BAR_WIDTH = 24
BESIDE = BAR_WIDTH + len(" * ") + len("  0:00:00 ")
"""Columns of a bar's line that are neither the model's name nor its message."""


class Lines:
    """One line for each thing that happens, out at once: for files, pipes and service managers."""

    def __init__(self, graphs: Mapping[str, str], on_draining: Callable[[], None]) -> None:
        self._graphs = graphs
        self._on_draining = on_draining

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def bound(self, url: str) -> None:
        """The banner: what is served, where, and how to ask it."""
        self._say(f"ovpipe {version('ovpipe')} listens on {url}")
        for name, graph in self._graphs.items():
            self._say(f"model {name}: loading (graph {graph})")
        self._say(f"try: {curl_example(url, next(iter(self._graphs)))}")

    def loading(self, model: str, node: str, message: str, fraction: float | None) -> None:
        """One step of a model's load."""
        done = "" if fraction is None else f" {fraction:.0%}"
        self._say(f"model {model}: {node}: {message}{done}")

    def available(self, model: str, seconds: float) -> None:
        """A model is ready."""
        self._say(f"model {model}: ready after {seconds:.1f} s")

    def failed(self, model: str, reason: str) -> None:
        """A model is not."""
        self._say(f"model {model}: failed to load: {reason}")

    def draining(self, requests: int) -> None:
        """The first signal came."""
        self._on_draining()
        waits = f"; waiting for {requests} requests, a second signal ends them now" if requests else ""
        self._say(f"shutting down{waits}")

    def _say(self, line: str) -> None:
        try:
            typer.echo(" ".join(line.splitlines()))
            sys.stdout.flush()
        except BrokenPipeError:  # who read it has gone; the server goes on without
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class Bars(Lines):
    """A bar for each model while it loads."""

    def __init__(
        self, graphs: Mapping[str, str], on_draining: Callable[[], None], console: Console | None = None
    ) -> None:
        super().__init__(graphs, on_draining)
        self._console = console or Console(highlight=False)
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.fields[model]}", markup=False),
            BarColumn(bar_width=BAR_WIDTH),
            TimeElapsedColumn(),
            TextColumn("{task.description}", markup=False),
            console=self._console,
            transient=True,
        )
        self._tasks: dict[str, TaskID] = {}

    def bound(self, url: str) -> None:
        super().bound(url)
        self._tasks = {
            name: self._progress.add_task("loading", total=None, model=name) for name in self._graphs
        }
        self._progress.start()

    def loading(self, model: str, node: str, message: str, fraction: float | None) -> None:
        total = None if fraction is None else 1.0
        self._progress.update(
            self._tasks[model],
            description=self._fitting(f"{node}: {message}"),
            total=total,
            completed=fraction or 0.0,
        )
        self._progress.refresh()

    def available(self, model: str, seconds: float) -> None:
        super().available(model, seconds)
        self._end(model)

    def failed(self, model: str, reason: str) -> None:
        super().failed(model, reason)
        self._end(model)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def _fitting(self, message: str) -> str:
        """What fits on the line: a longer one would squeeze the columns before it."""
        room = max(20, self._console.width - BESIDE - max(map(len, self._graphs)))
        return message if len(message) <= room else message[: room - 1] + "\N{HORIZONTAL ELLIPSIS}"

    def _end(self, model: str) -> None:
        self._progress.remove_task(self._tasks.pop(model))
        if not self._tasks:
            self._progress.stop()

    def _say(self, line: str) -> None:
        self._console.print(" ".join(line.splitlines()), markup=False, soft_wrap=True)


def display_for(graphs: Mapping[str, str], on_draining: Callable[[], None]) -> Lines:
    """Bars when somebody looks, lines when something reads. `graphs` has the graph's name of each model."""
    return (Bars if sys.stdout.isatty() else Lines)(graphs, on_draining)


def curl_example(url: str, model: str) -> str:
    """A command line that asks the model something."""
    body = json.dumps({"model": model, "messages": [{"role": "user", "content": "Hello"}], "stream": True})
    return f"curl -N {url}/v1/chat/completions -H 'Content-Type: application/json' -d '{body}'"
