"""Normalising: what clients send beyond the types of wire/, brought into their form before it is read.

One function for each kind of looseness; `LOOSENESS` lists them by the parameter that they concern. A value
that has nothing loose comes back as it is, and none is changed in place: the body is everybody's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

Normaliser = Callable[[Any], Any]


def each_message(normalise: Normaliser) -> Normaliser:
    """The same of every message."""

    def of_list(messages: Any) -> Any:
        if type(messages) is not list:
            return messages
        return [normalise(message) if type(message) is dict else message for message in messages]

    return of_list


def no_parts_say_nothing(message: dict[str, Any]) -> dict[str, Any]:
    """An assistant's `"content": []` is null: agents send it beside tool calls."""
    if message.get("content") == [] and message.get("role") == "assistant":
        return message | {"content": None}
    return message


LOOSENESS: Final[Mapping[str, tuple[Normaliser, ...]]] = MappingProxyType(
    {"messages": (each_message(no_parts_say_nothing),)}
)


def normalised(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The body in the form of its declared types, as far as it is loose in a way listed above."""
    changed: dict[str, Any] = {}
    for name, functions in LOOSENESS.items():
        value = body.get(name)
        for function in functions:
            value = function(value)
        if value is not body.get(name):
            changed[name] = value
    return {**body, **changed} if changed else body
