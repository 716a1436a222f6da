"""Feeding: what a test gives to inputs, in the order of its timestamps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from ovpipe.errors import Abandoned
from ovpipe.packet import Packet
from ovpipe.runtime.runs.run import Run
from ovpipe.timestamp import Timestamp, raw_timestamp


@dataclass(frozen=True, slots=True)
class Bound:
    """Stands among the packets of an input: nothing earlier than this timestamp comes after it."""

    timestamp: int


def in_order(inputs: Mapping[str, Iterable[Any]]) -> list[tuple[Packet[Any] | Bound, str]]:
    """All packets and bounds of all inputs by timestamp; plain values count up from 0."""
    found = [
        (_packet(value, index, name), name)
        for name, values in inputs.items()
        for index, value in enumerate(values)
    ]
    return sorted(found, key=lambda entry: entry[0].timestamp)


async def feed(run: Run, entries: Iterable[tuple[Packet[Any] | Bound, str]]) -> None:
    """Sends them one after another, each as soon as there is room."""
    for entry, name in entries:
        if isinstance(entry, Bound):
            run.set_bound(name, entry.timestamp)
            continue
        with suppress(Abandoned):  # who reads it said done: the rest of this input is not for it
            await run.send(name, entry.value, at=entry.timestamp)


def _packet(value: Any, index: int, name: str) -> Packet[Any] | Bound:
    """A packet as it is, if its timestamp is one, which Python does not check; a plain value at its place."""
    if isinstance(value, Bound):
        return Bound(raw_timestamp(value.timestamp, f"a bound of input {name!r}"))
    if not isinstance(value, Packet):
        return Packet(value, Timestamp(index))
    return Packet(value.value, Timestamp.of_raw(raw_timestamp(value.timestamp, f"input {name!r}")))
