"""Parameters: what a graph lets its user choose, and the values chosen."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path, PurePath
from typing import Any, Final

from ovpipe.errors import GraphError, did_you_mean
from ovpipe.graph.assignments import AssignedKeys, AssignedText
from ovpipe.graph.place import Findings, Place, shown
from ovpipe.graph.source import YamlSource, read_source
from ovpipe.option_types import path_of

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


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter as a graph declares it; without a default (MISSING) it is required.

    One that is `fixed` takes no other value.
    """

    name: str
    type: str
    default: Any
    description: str
    place: Place
    fixed: Any = MISSING
    base: Path = Path()
    """What its value is relative to, if it is a relative path and stands in the declaration."""

    @property
    def own(self) -> Any:
        """The value that the declaration gives; MISSING: it gives none."""
        return self.default if self.fixed is MISSING else self.fixed

    @property
    def nullable(self) -> bool:
        """Whether its value may be null."""
        return self.default is None or self.fixed is None


def declared_parameters(source: YamlSource, folder: Path) -> dict[str, Parameter]:
    """The parameters that a graph file declares, as far as their declarations have the right shape.

    Relative paths among their values are relative to `folder`, that of the file.
    """
    declared = {}
    for name, entry in source.value.get("parameters", {}).items():
        if "type" in entry:
            valued = source.place("parameters", name, "fixed" if "fixed" in entry else "default")
            declared[name] = Parameter(
                name,
                entry["type"],
                entry.get("default", MISSING),
                entry.get("description", ""),
                source.place("parameters", name),
                entry.get("fixed", MISSING),
                source.folder(valued, folder).absolute(),
            )
    return declared


@dataclass(frozen=True, slots=True)
class GraphEntry:
    """An entry of a file that uses a graph and gives values to its parameters: a node, or a model."""

    graph: str
    """What messages call the graph."""
    holder: str
    """What they call the entry, as in "the node"."""
    place: Place
    places: Mapping[str, Place]
    """The line of each value."""
    whole: bool = True
    """Whether it is complete; if not, a missing value may be there under a wrong key."""


@dataclass(frozen=True, slots=True)
class Given:
    """The values given to a graph's parameters, and what relative paths among them are relative to."""

    values: Mapping[str, Any]
    base: Path
    entry: GraphEntry | None = None
    """Where a file gives them; None: they come from the command line or from Python."""
    to_others: bool = False
    """Whether other graphs are given them, too: one that has no effect here is no mistake, then."""

    def place(self, name: str, default: Place) -> Place:
        """Where the value of a parameter is given, if that is in a file."""
        return self.entry.places.get(name, self.entry.place) if self.entry is not None else default


def parameter_values(
    declared: Mapping[str, Parameter], given: Given, findings: Findings
) -> tuple[dict[str, Any], list[Parameter]]:
    """A value for each declared parameter; MISSING where there is none or a wrong one.

    The second result has the parameters that still need a value.
    """
    values: dict[str, Any] = {}
    required: list[Parameter] = []
    for name, parameter in declared.items():
        values[name] = MISSING
        given_one = name in given.values
        if given_one and parameter.fixed is not MISSING:
            message = (
                f"parameter {name!r} is fixed to {shown(parameter.fixed)} ({parameter.place}); remove it"
            )
            findings.add(given.place(name, parameter.place), message)
            given_one = False
        raw = given.values[name] if given_one else parameter.own
        if raw is not MISSING:
            _take(values, parameter, raw, given if given_one else None, findings)
        elif not given_one:
            required.append(parameter)
    return values, required


def check_required(required: Iterable[Parameter], entry: GraphEntry | None, findings: Findings) -> None:
    """Notes parameters that still need a value, where the values are given."""
    for parameter in required:
        name = parameter.name
        about = f" ({parameter.description})" if parameter.description else ""
        if entry is None:
            remedy = f"set it, as in --set {name}=..., or add a default"
            findings.add(parameter.place, f"parameter {name!r} needs a value{about}; {remedy}")
        elif entry.whole:
            remedy = f"add `{name}: ...` under the parameters of {entry.holder}"
            findings.add(entry.place, f"parameter {name!r} of {entry.graph} needs a value{about}; {remedy}")


def check_idle(idle: Mapping[str, Sequence[str]], given: Given, place: Place, findings: Findings) -> None:
    """Notes values given to parameters of nodes that are not built; `idle` has these nodes for each."""
    for name, nodes in idle.items():
        if name in given.values and not given.to_others:
            message = f"parameter {name!r} has no effect: only {_said_nodes(nodes)}; remove it"
            findings.add(given.place(name, place), message)


def _said_nodes(nodes: Sequence[str]) -> str:
    names = ", ".join(map(repr, nodes))
    if len(nodes) == 1:
        return f"node {names} refers to it, which side packets from outside replace"
    return f"nodes {names} refer to it, which side packets from outside replace"


def _take(
    values: dict[str, Any],
    parameter: Parameter,
    raw: Any,
    given: Given | None,
    findings: Findings,
) -> None:
    if holds_missing(raw):  # why it is missing is a finding already
        return
    try:
        values[parameter.name] = _value(parameter, raw, given.base if given else parameter.base)
    except ValueError as error:
        what = "" if given else "the default of " if parameter.fixed is MISSING else "the fixed value of "
        place = parameter.place if given is None else given.place(parameter.name, parameter.place)
        findings.add(place, f"{what}parameter {parameter.name!r} {error}")


def check_given(declared: Mapping[str, Parameter], given: Given, place: Place, findings: Findings) -> None:
    """Notes values given to parameters that the graph does not have."""
    for name in given.values:
        if name not in declared:
            findings.add(
                given.place(name, place),
                f"a value is given for parameter {name!r}; {no_such(name, declared, given.entry)}",
            )


def holds_missing(value: Any) -> bool:
    """Whether a value, or one anywhere inside it, is not known."""
    if isinstance(value, dict):
        return any(map(holds_missing, value.values()))
    return any(map(holds_missing, value)) if isinstance(value, list) else value is MISSING


def no_such(
    name: str,
    declared: Mapping[str, Parameter],
    entry: GraphEntry | None,
    fact: str = "the graph has no such parameter",
) -> str:
    """What is wrong with a parameter that is not `declared`, and the remedy."""
    if not declared:
        return "the graph has no parameters"
    remedy = f"{fact}; {did_you_mean(name, declared)}"
    for parameter in declared.values():
        if parameter.type == "object":  # it may have such a key: only the graph's nodes know
            whole, key = parameter.name, f"{parameter.name}.{name}"
            how = f"--set {key}=..." if entry is None else f"`{whole}: {{{name}: ...}}`"
            remedy += f" (a key of {whole!r} is set by {how})"
    return remedy


def _value(parameter: Parameter, raw: Any, base: Path) -> Any:
    """The value in the parameter's type. Raises ValueError; its text continues after the parameter's name."""
    value = _read(raw, parameter)
    if value is None and parameter.nullable:
        return None
    fits = isinstance(value, TYPES[parameter.type])
    if not fits or (isinstance(value, bool) and parameter.type != "boolean"):
        or_null = " or null" if parameter.nullable else ""
        raise ValueError(f"takes {_kind(parameter.type)}{or_null}, not {shown(value)}")
    if parameter.type == "path":
        return str(path_of(str(value), base))
    return list(value) if parameter.type == "array" else value


def _read(raw: Any, parameter: Parameter) -> Any:
    """A value, read from its text if the command line gave it."""
    if isinstance(raw, AssignedText):
        return _parsed(raw.text, parameter.type)
    if not isinstance(raw, AssignedKeys):
        return raw
    if parameter.type != "object":
        key = ".".join(min(raw.keys))
        raise ValueError(f"takes {_kind(parameter.type)}, which has no keys; {parameter.name}.{key} is none")
    whole = parameter.default if raw.whole is None else _read(raw.whole, parameter)
    return raw.over(None if whole is MISSING else whole, parameter.name)


def _parsed(text: str, type: str) -> Any:
    if type in ("string", "path"):
        return text
    try:
        return read_source(text, "").value
    except GraphError as error:
        raise ValueError(f"takes {_kind(type)}, not {shown(text)}: {error.findings[0].message}") from None


def _kind(type: str) -> str:
    return f"an {type}" if type[0] in "aeio" else f"a {type}"


def as_text(value: Any) -> str:
    """A parameter's value inside a longer text: text unchanged, anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
