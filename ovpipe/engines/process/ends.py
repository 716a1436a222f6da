"""How the life of an engine's process ends."""

from __future__ import annotations

import asyncio
from typing import NamedTuple

from ovpipe.engines.messages import Failed
from ovpipe.engines.process.metrics import DIED


class LinkLost(Exception):
    """A life is over; the message says how, as a clause about the engine ("was killed by SIGKILL")."""

    def __init__(
        self, message: str, *, cause: str = DIED, orderly: bool = False, poisoned: Failed | None = None
    ) -> None:
        super().__init__(message)
        self.cause = cause
        """One word, for metrics."""
        self.orderly = orderly
        """Whether it was retired and had done all it had begun with."""
        self.poisoned = poisoned
        """What the host reported of a step that failed; then it is known which requests had started."""


class LifeEnd(NamedTuple):
    """The same for the keeper of the lives. One that never served has no `cause`."""

    how: str
    cause: str = ""
    served_seconds: float = 0.0
    orderly: bool = False


def is_cancelled() -> bool:
    """Whether this task is asked to end. A CancelledError may also come of something that it waits for."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
