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
from ovpipe.graph.source import YamlSource, read_source

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


def declared_parameters(source: YamlSource) -> dict[str, Parameter]:
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
class Given:
    """The values given to a graph's parameters, and what relative paths among them are relative to."""

    values: Mapping[str, Any]
    base: Path
    node: GivenByNode | None = None
    """Who gives them, where that is a node that uses the graph; else they come from outside."""


@dataclass(frozen=True, slots=True)
class GivenByNode:
    """A node that gives values to the parameters of the graph it uses: its title, and its lines."""

    title: str
    place: Place
    places: Mapping[str, Place]
    whole: bool
    """Whether what it does not give is not there; else it may stand under a wrong key."""


def parameter_values(
    declared: Mapping[str, Parameter], given: Given, folder: Path, findings: Findings
) -> tuple[dict[str, Any], list[Parameter]]:
    """A value for each declared parameter; MISSING where there is none or a wrong one.

    Defaults that are relative paths are relative to `folder`. Beside the values there are the parameters
    that still need one from outside: whether that is a mistake is for others to say.
    """
    values: dict[str, Any] = {}
    required: list[Parameter] = []
    for name, parameter in declared.items():
        values[name] = MISSING
        given_one = name in given.values
        raw = given.values[name] if given_one else parameter.default
        if raw is not MISSING:
            _take(values, parameter, raw, given if given_one else None, folder, findings)
        elif not given_one and given.node is not None:
            if given.node.whole:
                findings.add(given.node.place, _required_of_node(parameter, given.node))
        elif not given_one:
            required.append(parameter)
    return values, required


def _take(
    values: dict[str, Any],
    parameter: Parameter,
    raw: Any,
    given: Given | None,
    folder: Path,
    findings: Findings,
) -> None:
    if holds_missing(raw):  # why it is missing was told
        return
    try:
        values[parameter.name] = _value(parameter, raw, given.base if given else folder)
    except ValueError as error:
        what = "" if given else "the default of "
        place = parameter.place
        if given is not None and given.node is not None:
            place = given.node.places[parameter.name]
        findings.add(place, f"{what}parameter {parameter.name!r} {error}")


def check_given(declared: Mapping[str, Parameter], given: Given, place: Place, findings: Findings) -> None:
    """Notes values given to parameters that the graph does not have."""
    for name in given.values:
        if name not in declared:
            where = given.node.places[name] if given.node is not None else place
            findings.add(where, f"a value is given for parameter {name!r}; {_no_such(name, declared)}")


def holds_missing(value: Any) -> bool:
    """Whether a value, or one anywhere inside it, is not known."""
    if isinstance(value, dict):
        return any(map(holds_missing, value.values()))
    return any(map(holds_missing, value)) if isinstance(value, list) else value is MISSING


def _no_such(name: str, declared: Mapping[str, Parameter]) -> str:
    if not declared:
        return "the graph has no parameters"
    return f"the graph has no such parameter; {did_you_mean(name, declared)}"


def needs_value(parameter: Parameter) -> str:
    """The message for a parameter that still needs a value from outside."""
    name = parameter.name
    remedy = f"set it, as in --set {name}=..., or add a default"
    return f"parameter {name!r} needs a value{_about(parameter)}; {remedy}"


def _required_of_node(parameter: Parameter, node: GivenByNode) -> str:
    name = parameter.name
    remedy = f"add `{name}: ...` under the node's parameters"
    return f"parameter {name!r} of {node.title} needs a value{_about(parameter)}; {remedy}"


def _about(parameter: Parameter) -> str:
    return f" ({parameter.description})" if parameter.description else ""


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
