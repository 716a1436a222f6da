"""The shape of graph files, as a JSON Schema and as words for people."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from importlib.resources import files
from typing import Any

from jsonschema import Draft7Validator
from jsonschema.exceptions import ValidationError

from ovpipe.errors import did_you_mean, nearest
from ovpipe.graph.place import Findings, shown
from ovpipe.graph.source import Path, YamlSource

SUPPORTED_VERSIONS = (1,)


def schema() -> dict[str, Any]:
    """The JSON Schema (draft-07) of graph files, for editors and other tools."""
    text = (files("ovpipe.graph") / "graph.schema.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def check_version(source: YamlSource, findings: Findings) -> bool:
    """Whether this is a mapping of a supported version; if not, notes it, and nothing else can be checked."""
    known = " or ".join(str(version) for version in SUPPORTED_VERSIONS)
    if source.value is None:
        findings.add(source.place(), f"the file is empty; a graph has `version: {known}` and nodes")
    elif not isinstance(source.value, dict):
        findings.add(source.place(), f"a graph is a mapping with `version: {known}` and nodes")
    elif "version" not in source.value:
        findings.add(source.place(), f"the version is missing; add the line `version: {known}`")
    else:
        version = source.value["version"]
        if type(version) is not int or version not in SUPPORTED_VERSIONS:
            message = f"version {shown(version)} is not supported; write `version: {known}`"
            findings.add(source.place("version"), message)
        else:
            return True
    return False


def check_shape(source: YamlSource, findings: Findings) -> tuple[YamlSource, bool]:
    """Notes what does not fit the schema, and leaves it out so that the rest can still be checked.

    The second value says whether the source is still whole. When parts are missing, a missing name proves
    nothing, because it may be there under a wrong key.
    """
    value = copy.deepcopy(source.value)
    whole = True
    left_out: set[Path] = set()
    for error in sorted(
        _errors(source.value), key=_depth, reverse=True
    ):  # entries before the mappings and lists that hold them
        path: Path = tuple(error.absolute_path)
        part: Any = error.schema
        instance: Any = error.instance
        if error.validator == "additionalProperties":
            whole = False
            for key in _unknown_keys(instance, part):
                findings.add(source.place(*path, key), _unknown_key(key, path, part))
                del _at(value, path)[key]
        elif error.validator == "required":
            whole = False
            for key in _missing_keys(instance, part):
                findings.add(source.place(*path), f"{_dotted(path)} needs the key {key!r}")
        elif error.validator == "dependencies":
            whole = False
            for key in [key for key in part["dependencies"] if key in instance]:
                message = f"{key!r} changes a graph that this one extends; add `extends: GRAPH`"
                findings.add(source.place(*path, key), message)
                value.pop(key, None)
        elif "propertyNames" in error.relative_schema_path:
            findings.add(source.place(*path, instance), f"{instance!r} is not {part['title']}")
        elif path not in left_out:  # -0.5 is neither whole nor 0 or more; what it must be says both
            message = f"{_dotted(path)} must be {part['title']}, not {shown(instance)}"
            findings.add(source.place(*path), message)
            if error.validator != "pattern":  # a bad name can still be followed
                whole = False
                left_out.add(path)
                _leave_out(value, path)
    return replace(source, value=value), whole


def _errors(value: Any) -> Iterator[ValidationError]:
    return Draft7Validator(schema()).iter_errors(value)


def _depth(error: ValidationError) -> int:
    return len(error.absolute_path)


def _unknown_keys(instance: Mapping[str, Any], part: Mapping[str, Any]) -> list[str]:
    return [key for key in instance if key not in part["properties"]]


def _unknown_key(key: str, path: Path, part: Mapping[str, Any]) -> str:
    where = f" in {_dotted(path)}" if path else ""
    return f"unknown key {key!r}{where}; {did_you_mean(key, part['properties'])}"


def _missing_keys(instance: Mapping[str, Any], part: Mapping[str, Any]) -> Iterator[str]:
    """The required keys that are not there, not even under a misspelt name, which has a finding."""
    strangers = _unknown_keys(instance, part if "properties" in part else schema())
    for key in part["required"]:
        if key not in instance and nearest(key, strangers) is None:
            yield key


def _dotted(path: Path) -> str:
    """The path as people write it: nodes.shout.inputs.text, inputs[0]."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".") or "the graph"


def _at(value: Any, path: Path) -> Any:
    for part in path:
        value = value[part]
    return value


def _leave_out(value: Any, path: Path) -> None:
    """Removes an entry. Lists keep their length: None stands for what was left out."""
    *way, last = path
    holder = _at(value, tuple(way))
    if isinstance(last, int):
        holder[last] = None
    else:
        del holder[last]
