"""Stream diff: where two lists of packets differ, timestamp by timestamp."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Any

from ovpipe.packet import Packet

SHOWN = 160


def are_packets(*lists: Any) -> bool:
    """Whether these are lists of packets, of which one at least is not empty."""
    return any(lists) and all(
        isinstance(one, list) and all(isinstance(packet, Packet) for packet in one) for one in lists
    )


def stream_diff(got: Sequence[Packet[Any]], expected: Sequence[Packet[Any]]) -> list[str]:
    """A line for each packet: `-` before one that did not come, `+` before one that should not have."""
    lines = [f"the packets differ, {len(got)} came and {len(expected)} should have (-: missing, +: too many)"]
    return [*lines, *_lines(list(map(_line, expected)), list(map(_line, got)))]


def _lines(expected: list[str], got: list[str]) -> Iterator[str]:
    for kind, start, end, first, last in SequenceMatcher(None, expected, got, autojunk=False).get_opcodes():
        if kind == "equal":
            yield from (f"  {line}" for line in expected[start:end])
        else:
            yield from (f"- {line}" for line in expected[start:end])
            yield from (f"+ {line}" for line in got[first:last])


def _line(packet: Packet[Any]) -> str:
    value = repr(packet.value)
    return f"@{packet.timestamp}  {value if len(value) <= SHOWN else value[: SHOWN - 3] + '...'}"
