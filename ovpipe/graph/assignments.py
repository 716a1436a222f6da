"""Assignments: what a command line says of a graph's parameters, as text until their types are known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ovpipe.errors import GraphError, OvpipeError
from ovpipe.graph.place import shown
from ovpipe.graph.source import read_source


class AssignmentError(OvpipeError, ValueError):
    """A name=value of the command line that is none."""


@dataclass(frozen=True, slots=True)
class AssignedText:
    """A value as the command line gave it: text, which its parameter's type turns into a value."""

    text: str


@dataclass(frozen=True, slots=True)
class AssignedKeys:
    """Values for keys inside a parameter, as `--set engine.cache_size=2` gives them.

    They go over the keys of `whole`; None stands for the parameter's default.
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

    The last of one name holds, and takes the place of keys given before it; keys given after it go over it.
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
    """Values with those assigned in their places, and keys assigned inside them gone over theirs."""
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
