"""Ctrl-C: it ends the wait for a line, or an answer, whichever is in progress."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Self


class Interrupts:
    """Handles SIGINT from entering the block until leaving it; for the main thread.

    SIGINT never breaks into other code. During the wait for a line the handler raises KeyboardInterrupt, and
    during an answer it calls `stop`. A SIGINT at another time takes effect at the next of these.
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
        """SIGINT raises KeyboardInterrupt in the block."""
        self._reading = True
        try:
            if self._pending:
                raise KeyboardInterrupt
            yield
        finally:
            self._reading = self._pending = False

    @contextmanager
    def stopping(self, stop: Callable[[], None]) -> Iterator[None]:
        """SIGINT calls `stop` during the block, which then ends by itself."""
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
