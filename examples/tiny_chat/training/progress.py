"""How training goes: a bar on a terminal, else a line now and then."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from examples.tiny_chat.training.trainer import Step

LINE_SECONDS = 20.0
SMOOTHING = 0.95


class Progress:
    """Shows steps; `seconds` is how much training there is to be."""

    def __init__(self, seconds: float) -> None:
        self._console = Console()
        self._bar = Bar(
            TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn(),
            console=self._console,
        ) if self._console.is_terminal else None  # fmt: skip
        self._task = self._bar.add_task("training", total=seconds) if self._bar else None
        self._loss: float | None = None
        self._first: Step | None = None
        self._shown = 0.0

    def __enter__(self) -> Self:
        if self._bar:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar:
            self._bar.stop()

    def show(self, step: Step) -> None:
        """Tells of a step."""
        self._loss = step.loss if self._loss is None else SMOOTHING * self._loss + (1 - SMOOTHING) * step.loss
        first = self._first = self._first or step
        speed = (step.tokens - first.tokens) / max(step.elapsed - first.elapsed, 1e-9)
        text = f"step {step.number}  loss {self._loss:.4f}  {step.tokens / 1e6:.2f}M tokens  {speed:,.0f}/s"
        if self._bar and self._task is not None:
            self._bar.update(self._task, description=text, completed=step.elapsed)
        elif step.elapsed - self._shown >= LINE_SECONDS:
            self._shown = step.elapsed
            self._console.print(
                f"{step.elapsed / 60:6.1f} min  {text}  rate {step.rate:.3f}", highlight=False
            )
