"""Sent types: whether the values that nodes send are of the types that their ports declare."""

from __future__ import annotations

import inspect
from types import UnionType
from typing import Any, Union, get_args, get_origin

from ovpipe.packet import Packet
from ovpipe.ports import Port

NUMBERS = {float: (int, float), complex: (int, float, complex)}
"""What else a type takes, as type checkers have it."""


def check_sent(port: Port[Any], packet: Packet[Any]) -> None:
    """Raises TypeError for a value that is not of its port's type, where that consists of plain classes.

    A coroutine is always a mistake there: nobody has awaited it.
    """
    value = packet.value
    known = _classes(port.type)
    if known is None or isinstance(value, known):
        return
    if inspect.isawaitable(value):
        if inspect.iscoroutine(value):
            value.close()  # or Python warns of it, too
        raise TypeError(
            f"{port} was sent {value!r} at {packet.timestamp}, which nobody has awaited; write `await` "
            "before the call, in an async process"
        )
    declared = port.type.__name__ if isinstance(port.type, type) else str(port.type)
    raise TypeError(
        f"{port} is declared as {declared}, but {type(value).__name__} was sent "
        f"at {packet.timestamp}: {value!r:.200}"
    )


def _classes(kind: Any) -> tuple[type, ...] | None:
    """The classes that a type consists of; None where it is none that can be asked."""
    if kind is None:
        return (type(None),)
    if kind is Any:
        return None
    if isinstance(kind, type) and get_origin(kind) is None:
        return None if getattr(kind, "_is_protocol", False) else NUMBERS.get(kind, (kind,))
    if get_origin(kind) not in (Union, UnionType):
        return None
    found: list[type] = []
    for member in get_args(kind):
        classes = _classes(member)
        if classes is None:
            return None
        found += classes
    return tuple(found)
