"""Changes: values that a calculator got and changed, although other nodes may read them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from functools import cached_property
from typing import Any

from ovpipe.packet import Packet
from ovpipe.testing.feeding import Bound

MAX_DEPTH = 12


class Unchanged:
    """What packets hold, as it was before a calculator got them."""

    def __init__(self, entries: Iterable[tuple[Packet[Any] | Bound, str]]) -> None:
        self._before = [
            (name, packet, content(packet.value)) for packet, name in entries if isinstance(packet, Packet)
        ]

    def check(self, calculator: str) -> None:
        """Raises AssertionError when one of them is another now."""
        for name, packet, before in self._before:
            if content(packet.value) != before:
                raise AssertionError(
                    f"{calculator} changes the value of its input {name!r} at {packet.timestamp}, which all "
                    f"readers of the stream share; change a copy of it. Now it is {packet.value!r:.200}"
                )


def content(value: Any, depth: int = 0) -> Any:
    """What a value holds, in a form that can be compared; the identity of what cannot be looked into."""
    if value is None or isinstance(value, bool | int | float | complex | str | bytes):
        return type(value), repr(value)
    if depth == MAX_DEPTH:
        return id(value)
    kind, inner = type(value), depth + 1
    if isinstance(value, bytearray | memoryview):
        return kind, bytes(value)
    if isinstance(value, Mapping):
        return kind, [(content(key, inner), content(one, inner)) for key, one in value.items()]
    if isinstance(value, list | tuple):
        return kind, [content(one, inner) for one in value]
    if isinstance(value, Set):
        return kind, sorted(repr(content(one, inner)) for one in value)
    buffer = getattr(value, "tobytes", None)  # of arrays
    if callable(buffer) and hasattr(value, "shape"):
        return kind, tuple(value.shape), buffer()
    fields = [name for cls in kind.__mro__ for name in getattr(cls, "__slots__", ())]
    own = vars(value) if hasattr(value, "__dict__") else ()
    names = [*fields, *(name for name in own if not isinstance(getattr(kind, name, None), cached_property))]
    held = [(name, content(getattr(value, name, None), inner)) for name in names if name[:2] != "__"]
    return kind, id(value), held
