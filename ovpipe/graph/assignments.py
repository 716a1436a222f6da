"""Assignments: what a command line says of a graph's parameters, as text until their types are known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ovpipe.errors import GraphError, OvpipeError
from ovpipe.graph.place import shown
from ovpipe.graph.source import read_source


class AssignmentError(OvpipeError, ValueError):
    """A `--set` without a name or without `=`."""


@dataclass(frozen=True, slots=True)
class AssignedText:
    """A value of the command line, as text; the parameter's type says how to read it."""

    text: str


@dataclass(frozen=True, slots=True)
class AssignedKeys:
    """Values for keys inside a parameter, as `--set engine.cache_size=2` gives them.

    They override the keys of `whole`; None stands for the parameter's default.
    """

    keys: Mapping[tuple[str, ...], AssignedText]
    whole: Any = None

    def over(self, whole: Any, name: str) -> Any:
        """A mapping with these keys set; `name` is the parameter's. Raises ValueError, as `_value` does."""
        for path, text in self.keys.items():
            whole = _with_key(whole, path, text, name)
        return whole


def parse_assignments(assignments: Iterable[str]) -> dict[str, AssignedText | AssignedKeys]:
    """The parameters of a command line's `--set name=value` and `--set name.key=value`.

    The last value for a name counts, and replaces keys set before it; keys set after it override its own.
    Raises AssignmentError when one has no `=` or no name.
    """
    values: dict[str, AssignedText | AssignedKeys] = {}
    for assignment in assignments:
        dotted, equals, text = assignment.partition("=")
        name, *keys = (part.strip() for part in dotted.split("."))
        if not equals or not name or not all(keys):
            raise AssignmentError(f"{assignment!r} is no assignment; write name=value or name.key=value")
        if not keys:
            values[name] = AssignedText(text)
            continue
        before = values.get(name)
        if not isinstance(before, AssignedKeys):
            before = AssignedKeys({}, before)
        values[name] = replace(before, keys={**before.keys, tuple(keys): AssignedText(text)})
    return values


def given_over(values: Mapping[str, Any], assigned: Mapping[str, Any]) -> dict[str, Any]:
    """Values with the assigned ones in their places, and with assigned keys in place of their own."""
    result = dict(values)
    for name, value in assigned.items():
        if isinstance(value, AssignedKeys) and value.whole is None and name in values:
            value = replace(value, whole=values[name])
        result[name] = value
    return result


def _with_key(holder: Any, path: tuple[str, ...], text: AssignedText, way: str) -> dict[str, Any]:
    """A mapping with a value at a path of keys; None is a mapping without keys."""
    if holder is None:
        holder = {}
    if not isinstance(holder, Mapping):
        raise ValueError(f"has {shown(holder)} at {way}, which has no keys; {'.'.join((way, *path))} is none")
    key, *rest = path
    inner = f"{way}.{key}"
    if rest:
        return {**holder, key: _with_key(holder.get(key), tuple(rest), text, inner)}
    try:
        return {**holder, key: read_source(text.text, "").value}
    except GraphError as error:
        raise ValueError(f"has no YAML at {inner}: {error.findings[0].message}") from None
