"""What is shown while models load: bars on a terminal, plain lines anywhere else."""

from __future__ import annotations

import os
from collections.abc import Iterable
from types import TracebackType
from typing import Self, TextIO

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

BAR_WIDTH = 24
BESIDE = BAR_WIDTH + len(" * ") + len("  0:00:00 ")
"""Columns of a bar's line that are neither the model's name nor its message."""


class Lines:
    """One line for each event, written at once: for files, pipes and service managers."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def begin(self) -> None:
        """The models begin to load."""

    def loading(self, model: str, node: str, message: str, fraction: float | None) -> None:
        """One step of a model's load."""
        done = "" if fraction is None else f" {fraction:.0%}"
        self.say(f"model {model}: {node}: {message}{done}")

    def available(self, model: str, seconds: float) -> None:
        """A model is ready."""
        self.say(f"model {model}: ready after {seconds:.1f} s")

    def failed(self, model: str, reason: str) -> None:
        """A model cannot be loaded."""
        self.say(f"model {model}: failed to load: {reason}")

    def say(self, line: str) -> None:
        """Writes a line; line breaks in it become blanks."""
        try:
            typer.echo(" ".join(line.splitlines()), file=self._file)
            self._file.flush()
        except BrokenPipeError:  # the reader of the pipe has gone; the program goes on without it
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._file.fileno())


class Bars(Lines):
    """A bar for each model while it loads."""

    def __init__(self, models: Iterable[str], file: TextIO, console: Console | None = None) -> None:
        super().__init__(file)
        self._models = tuple(models)
        self._console = console or Console(file=file, highlight=False)
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

    def begin(self) -> None:
        self._tasks = {
            name: self._progress.add_task("loading", total=None, model=name) for name in self._models
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

    def say(self, line: str) -> None:
        self._console.print(" ".join(line.splitlines()), markup=False, soft_wrap=True)

    def _fitting(self, message: str) -> str:
        """The message, cut to fit on the line: a longer one would squeeze the columns before it."""
        room = max(20, self._console.width - BESIDE - max(map(len, self._models)))
        return message if len(message) <= room else message[: room - 1] + "\N{HORIZONTAL ELLIPSIS}"

    def _end(self, model: str) -> None:
        self._progress.remove_task(self._tasks.pop(model))
        if not self._tasks:
            self._progress.stop()


def display_for(models: Iterable[str], file: TextIO) -> Lines:
    """Bars for a terminal, lines for anything else."""
    return Bars(models, file) if file.isatty() else Lines(file)
