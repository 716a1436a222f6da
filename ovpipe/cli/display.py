"""What is shown while models load: bars on a terminal, plain lines anywhere else."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

log = logging.getLogger(__name__)

BAR_WIDTH = 24
BESIDE = BAR_WIDTH + len(" * ") + len("  0:00:00 ")
"""Columns of a bar's line that are neither the title nor its message."""


class Lines:
    """One line for each event, written at once: for files, pipes and service managers."""

    steps = 10
    """How often something that goes on steadily should be shown until it is done."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._lost = False
        """Whether a line could not be written."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end_of(self._file)

    def begin(self) -> None:
        """The models begin to load."""

    def loading(self, title: str, node: str, message: str, fraction: float | None) -> None:
        """One step of a load."""
        done = "" if fraction is None else f" {fraction:.0%}"
        self.say(f"{title}: {node}: {message}{done}")

    def available(self, title: str, seconds: float) -> None:
        """A model or a resource is ready."""
        self.say(f"{title}: ready after {seconds:.1f} s")

    def failed(self, title: str, reason: str) -> None:
        """A model or a resource cannot be loaded."""
        self.say(f"{title}: failed to load: {reason}")

    def say(self, line: str) -> None:
        """Writes a line; line breaks in it become blanks. Where it cannot be written, the program goes on."""
        try:
            typer.echo(" ".join(line.splitlines()), file=self._file)
            self._file.flush()
        except BrokenPipeError:  # the reader of the pipe has gone
            discard(self._file)
        except OSError as error:  # the disk is full, say; the next line is another try
            if not self._lost:
                log.warning("what ovpipe shows cannot be written: %s", error)
            self._lost = True

    def _end_of(self, file: TextIO) -> None:
        try:
            file.flush()
        except OSError:  # else Python tries again when it exits, and makes of it the program's exit code
            discard(file)


def discard(file: TextIO) -> None:
    """What is written to a file from now on goes nowhere."""
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), file.fileno())


class Bars(Lines):
    """A bar for each model and each resource while it loads."""

    steps = 100

    def __init__(self, titles: Iterable[str], file: TextIO, console: Console | None = None) -> None:
        super().__init__(file)
        self._titles = tuple(titles)
        self._console = console or Console(file=file, highlight=False)
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.fields[title]}", markup=False),
            BarColumn(bar_width=BAR_WIDTH),
            TimeElapsedColumn(),
            TextColumn("{task.description}", markup=False),
            console=self._console,
            transient=True,
        )
        self._tasks: dict[str, TaskID] = {}

    def begin(self) -> None:
        self._tasks = {
            title: self._progress.add_task("loading", total=None, title=title) for title in self._titles
        }
        self._progress.start()

    def loading(self, title: str, node: str, message: str, fraction: float | None) -> None:
        if title not in self._tasks:  # it loads again, after a reload
            super().loading(title, node, message, fraction)
            return
        total = None if fraction is None else 1.0
        self._progress.update(
            self._tasks[title],
            description=self._fitting(f"{node}: {message}"),
            total=total,
            completed=fraction or 0.0,
        )
        self._progress.refresh()

    def available(self, title: str, seconds: float) -> None:
        super().available(title, seconds)
        self._end(title)

    def failed(self, title: str, reason: str) -> None:
        super().failed(title, reason)
        self._end(title)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def say(self, line: str) -> None:
        self._console.print(" ".join(line.splitlines()), markup=False, soft_wrap=True)

    def _fitting(self, message: str) -> str:
        """The message, cut to fit on the line: a longer one would squeeze the columns before it."""
        room = max(20, self._console.width - BESIDE - max(map(len, self._titles)))
        return message if len(message) <= room else message[: room - 1] + "\N{HORIZONTAL ELLIPSIS}"

    def _end(self, title: str) -> None:
        task = self._tasks.pop(title, None)
        if task is not None:
            self._progress.remove_task(task)
        if not self._tasks:
            self._progress.stop()


def display_for(titles: Iterable[str], file: TextIO) -> Lines:
    """Bars for a terminal, lines for anything else."""
    return Bars(titles, file) if file.isatty() else Lines(file)
