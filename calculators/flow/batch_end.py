"""BatchEnd: the message of a BeginLoopCalculator to its EndLoopCalculator."""

from __future__ import annotations

from dataclasses import dataclass

from ovpipe.timestamp import Timestamp


@dataclass(frozen=True, slots=True)
class BatchEnd:
    """The items of one list have all been sent; it stands at the timestamp of the last of them.

    Without a list it only says that the timestamps up to its own are settled.
    """

    timestamp: Timestamp
    """The list's timestamp, outside the loop."""
    has_list: bool = True
