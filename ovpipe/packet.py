"""Packet: a value at a point of a run's timeline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from ovpipe.timestamp import Timestamp

T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Packet(Generic[T_co]):
    """An immutable value with a timestamp, as observers, readers and tests see it.

    The value itself should be treated as immutable too: every consumer gets the same object.
    """

    value: T_co
    timestamp: Timestamp
