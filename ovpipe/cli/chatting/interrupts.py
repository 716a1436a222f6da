"""Ctrl-C: what it ends depends on who is at work."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Self


class Interrupts:
    """Takes SIGINT from entering the block until leaving it; for the main thread.

    Nothing is torn in the middle: it raises KeyboardInterrupt where a line is waited for, and calls `stop`
    where an answer is. One that comes in between is kept for whichever comes next.
    """

    def __init__(self) -> None:
        self._reading = False
        self._stop: Callable[[], None] | None = None
        self._pending = False

    def __enter__(self) -> Self:
        self._before = signal.signal(signal.SIGINT, self._interrupted)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        signal.signal(signal.SIGINT, self._before)

    @contextmanager
    def raised(self) -> Iterator[None]:
        """Has the block end by KeyboardInterrupt."""
        self._reading = True
        try:
            if self._pending:
                raise KeyboardInterrupt
            yield
        finally:
            self._reading = self._pending = False

    @contextmanager
    def stopping(self, stop: Callable[[], None]) -> Iterator[None]:
        """Has `stop` called; the block ends by itself then."""
        self._stop = stop
        try:
            if self._pending:
                stop()
            yield
        finally:
            self._stop = None
            self._pending = False

    def _interrupted(self, number: int, frame: FrameType | None) -> None:
        if self._stop is not None:
            self._stop()
        elif self._reading:
            self._reading = False
            raise KeyboardInterrupt
        else:
            self._pending = True
