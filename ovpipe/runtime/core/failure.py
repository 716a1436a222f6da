"""The errors that end a run."""

from __future__ import annotations

from ovpipe.errors import RunError
from ovpipe.timestamp import UNSET, Timestamp


def run_error(message: str, node: str, phase: str, ts: int, place: str, error: BaseException) -> RunError:
    """A RunError chained to its cause; `ts` is a context's raw timestamp."""
    failure = RunError(message, node=node, timestamp=shown(ts), phase=phase, place=place)
    failure.__cause__ = error
    return failure


def shown(ts: int) -> Timestamp:
    """A context's raw timestamp as people see it."""
    return Timestamp.DONE if ts == UNSET else Timestamp.of_raw(ts)
