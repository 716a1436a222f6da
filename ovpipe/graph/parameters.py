"""Parameters: what a graph lets its user choose, and the values chosen."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path, PurePath
from typing import Any, Final

from ovpipe.errors import GraphError, OvpipeError, did_you_mean
from ovpipe.graph.place import Findings, Place, shown
from ovpipe.graph.source import Source, read_source

TYPES = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "path": (str, PurePath),
    "object": (dict,),
    "array": (list, tuple),
}


class Missing(Enum):
    """Stands for a value that is not known, because it was not given or is wrong."""

    VALUE = "missing"


MISSING: Final = Missing.VALUE


class AssignmentError(OvpipeError, ValueError):
    """A name=value of the command line that is none."""


@dataclass(frozen=True, slots=True)
class AssignedText:
    """A value as the command line gave it: text, which its parameter's type turns into a value."""

    text: str


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter as a graph declares it; without a default (MISSING) it is required."""

    name: str
    type: str
    default: Any
    description: str
    place: Place


def parse_assignments(assignments: Iterable[str]) -> dict[str, AssignedText]:
    """The parameters of a command line's `--set name=value`; the last of one name holds.

    Raises AssignmentError when one has no `=` or no name.
    """
    values = {}
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        if not equals or not name.strip():
            raise AssignmentError(f"{assignment!r} is no assignment; write name=value")
        values[name.strip()] = AssignedText(text)
    return values


def declared_parameters(source: Source) -> dict[str, Parameter]:
    """The parameters that a graph file declares, as far as their declarations have the right shape."""
    declared = {}
    for name, entry in source.value.get("parameters", {}).items():
        if "type" in entry:
            declared[name] = Parameter(
                name,
                entry["type"],
                entry.get("default", MISSING),
                entry.get("description", ""),
                source.place("parameters", name),
            )
    return declared


@dataclass(frozen=True, slots=True)
class Folders:
    """What relative paths are relative to: given ones to `base`, defaults to the graph file's folder."""

    base: Path
    file: Path


def parameter_values(
    declared: Mapping[str, Parameter],
    given: Mapping[str, Any],
    folders: Folders,
    findings: Findings,
) -> dict[str, Any]:
    """A value for each declared parameter; MISSING where there is none or a wrong one."""
    values: dict[str, Any] = {}
    for name, parameter in declared.items():
        values[name] = MISSING
        given_one = name in given
        raw = given[name] if given_one else parameter.default
        if raw is MISSING:
            findings.add(parameter.place, _required(parameter))
            continue
        try:
            values[name] = _value(parameter, raw, folders.base if given_one else folders.file)
        except ValueError as error:
            what = "" if given_one else "the default of "
            findings.add(parameter.place, f"{what}parameter {name!r} {error}")
    return values


def check_given(
    declared: Mapping[str, Parameter], given: Mapping[str, Any], place: Place, findings: Findings
) -> None:
    """Notes values given to parameters that the graph does not have."""
    for name in given:
        if name not in declared:
            findings.add(place, f"a value is given for parameter {name!r}; {_no_such(name, declared)}")


def _no_such(name: str, declared: Mapping[str, Parameter]) -> str:
    if not declared:
        return "the graph has no parameters"
    return f"the graph has no such parameter; {did_you_mean(name, declared)}"


def _required(parameter: Parameter) -> str:
    about = f" ({parameter.description})" if parameter.description else ""
    name = parameter.name
    return f"parameter {name!r} needs a value{about}; set it, as in --set {name}=..., or add a default"


def _value(parameter: Parameter, raw: Any, base: Path) -> Any:
    """The value in the parameter's type. Raises ValueError, whose text goes on after the parameter's name."""
    value = _parsed(raw.text, parameter.type) if isinstance(raw, AssignedText) else raw
    if value is None and parameter.default is None:
        return None
    fits = isinstance(value, TYPES[parameter.type])
    if not fits or (isinstance(value, bool) and parameter.type != "boolean"):
        or_null = " or null" if parameter.default is None else ""
        raise ValueError(f"takes {_kind(parameter.type)}{or_null}, not {shown(value)}")
    if parameter.type == "path":
        return _absolute(str(value), base)
    return list(value) if parameter.type == "array" else value


def _parsed(text: str, type: str) -> Any:
    if type in ("string", "path"):
        return text
    try:
        return read_source(text, "").value
    except GraphError as error:
        raise ValueError(f"takes {_kind(type)}, not {shown(text)}: {error.findings[0].message}") from None


def _absolute(path: str, base: Path) -> str:
    if not path:
        raise ValueError("takes a path, not an empty text")
    try:
        return str(base / Path(path).expanduser())
    except RuntimeError:
        raise ValueError(f"begins with the home folder of a user who is not known: {path!r}") from None


def _kind(type: str) -> str:
    return f"an {type}" if type[0] in "aeio" else f"a {type}"


def as_text(value: Any) -> str:
    """A parameter's value inside a longer text: text as it is, anything else as in JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
