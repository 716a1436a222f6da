"""Timestamp: MediaPipe's timestamps, which order the packets of a run."""

from __future__ import annotations

from operator import index
from reprlib import repr as shown
from typing import ClassVar, Self, SupportsIndex

from ovpipe.errors import TimestampError


class Timestamp(int):
    """A 64-bit point on a run's own timeline, with MediaPipe's special values around the ordinary range.

    In order: UNSET, UNSTARTED, PRE_STREAM, MIN ... MAX, POST_STREAM, ONE_OVER_POST_STREAM, DONE.
    Ordinary values have no unit; they only order packets. The class is an int subclass, so that a timestamp
    compares with plain integers. It refuses raw integers for special values. Arithmetic clamps to
    [MIN, MAX] and refuses values outside that range.
    """

    __slots__ = ()

    UNSET: ClassVar[Timestamp]
    UNSTARTED: ClassVar[Timestamp]
    PRE_STREAM: ClassVar[Timestamp]
    MIN: ClassVar[Timestamp]
    MAX: ClassVar[Timestamp]
    POST_STREAM: ClassVar[Timestamp]
    ONE_OVER_POST_STREAM: ClassVar[Timestamp]
    DONE: ClassVar[Timestamp]

    def __new__(cls, value: SupportsIndex) -> Self:
        raw = raw_timestamp(value)
        if not isinstance(value, Timestamp) and not FIRST_ORDINARY <= raw <= LAST_ORDINARY:
            raise TimestampError(
                f"{raw} is outside the range of timestamps; use the names of the special values, "
                "for example Timestamp.PRE_STREAM"
            )
        return int.__new__(cls, raw)

    @classmethod
    def of_raw(cls, raw: int) -> Timestamp:
        """The timestamp for one of the runtime's raw integers, special values included."""
        return int.__new__(cls, raw)

    @property
    def is_special(self) -> bool:
        """Whether this is a special value, outside MIN to MAX."""
        return not FIRST_ORDINARY <= int(self) <= LAST_ORDINARY

    @property
    def is_allowed_in_stream(self) -> bool:
        """Whether a packet may carry this timestamp: PRE_STREAM to POST_STREAM."""
        return PRE_STREAM <= int(self) <= POST_STREAM

    def next_allowed(self) -> Timestamp:
        """The smallest timestamp that may follow this one in a stream.

        PRE_STREAM and POST_STREAM stand alone in their stream, so nothing follows them.
        """
        if not self.is_allowed_in_stream:
            raise TimestampError(f"no packet can have timestamp {self}")
        return Timestamp.of_raw(next_allowed(int(self)))

    def __add__(self, other: int) -> Timestamp:
        if self.is_special:
            raise TimestampError(f"{self} has no arithmetic: it is a special timestamp")
        return Timestamp.of_raw(min(max(int(self) + raw_timestamp(other), FIRST_ORDINARY), LAST_ORDINARY))

    def __sub__(self, other: int) -> Timestamp:
        return self + -raw_timestamp(other)

    def __repr__(self) -> str:
        return f"Timestamp.{self}" if self.is_special else f"Timestamp({int(self)})"

    def __str__(self) -> str:
        return SPECIAL_NAMES.get(int(self), int.__repr__(self))


# The runtime computes with these raw integers: an int subclass would cost a tenth of a microsecond a hop.
UNSET = -(1 << 63)
UNSTARTED = UNSET + 1
PRE_STREAM = UNSET + 2
FIRST_ORDINARY = UNSET + 3
DONE = (1 << 63) - 1
ONE_OVER_POST_STREAM = DONE - 1
POST_STREAM = DONE - 2
LAST_ORDINARY = DONE - 3

SPECIAL_NAMES = {
    UNSET: "UNSET",
    UNSTARTED: "UNSTARTED",
    PRE_STREAM: "PRE_STREAM",
    FIRST_ORDINARY: "MIN",
    LAST_ORDINARY: "MAX",
    POST_STREAM: "POST_STREAM",
    ONE_OVER_POST_STREAM: "ONE_OVER_POST_STREAM",
    DONE: "DONE",
}

for _raw, _name in SPECIAL_NAMES.items():
    setattr(Timestamp, _name, Timestamp.of_raw(_raw))


def raw_timestamp(value: object, where: str = "") -> int:
    """The raw integer of a timestamp as an author wrote it: an int, a Timestamp, one of numpy's integers.

    Raises TimestampError for anything else, a whole float and a bool included. `where` is whose it is.
    """
    try:
        if not isinstance(value, bool):
            return int(index(value))  # type: ignore[arg-type]  # index refuses what is none
    except TypeError:
        pass
    raise TimestampError(
        f"{where + ': ' if where else ''}{shown(value)} ({type(value).__name__}) is no timestamp; "
        "a timestamp is an integer, such as 12"
    ) from None


def next_allowed(raw: int) -> int:
    """`Timestamp.next_allowed` for raw integers that have been checked."""
    return raw + 1 if FIRST_ORDINARY <= raw < LAST_ORDINARY else ONE_OVER_POST_STREAM
