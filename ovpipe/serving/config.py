"""server.yaml: what a server serves, where, and within which limits."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator
from jsonschema.exceptions import ValidationError

from ovpipe.errors import Finding, GraphError, NotFoundError, did_you_mean
from ovpipe.graph.files import find_graph
from ovpipe.graph.place import Findings, shown
from ovpipe.graph.source import Path as YamlPath
from ovpipe.graph.source import YamlSource, read_source
from ovpipe.serving.limits import Limits


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen. Port 0 lets the system choose."""

    host: str = "127.0.0.1"
    port: int = 8000


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """One model: its name, its graph's file, and values for the graph's parameters."""

    name: str
    graph: Path
    parameters: Mapping[str, Any]
    base: Path
    """What relative paths among the parameters are relative to."""


@dataclass(frozen=True, slots=True)
class ServerConfig:
    """Everything a server is started with."""

    models: tuple[ModelConfig, ...]
    address: Address
    limits: Limits


def schema() -> dict[str, Any]:
    """The JSON Schema (draft-07) of server.yaml."""
    text = (files("ovpipe.serving") / "server.schema.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def read_server_config(path: Path) -> ServerConfig:
    """The configuration in a file. Raises GraphError with every mistake, each with its line."""
    source = read_source(_text(path), str(path))
    findings = Findings()
    if not isinstance(source.value, dict):
        findings.add(source.place(), "a server's configuration is a mapping with `version: 1` and models")
    else:
        for error in Draft7Validator(schema()).iter_errors(source.value):
            for place, message in _findings(error):
                findings.add(source.place(*place), message)
    findings.check()
    models = tuple(_models(source, path.absolute().parent, findings))
    findings.check()
    value = source.value
    default = Address()
    return ServerConfig(
        models,
        Address(value.get("host", default.host), value.get("port", default.port)),
        Limits(**value.get("limits", {})),
    )


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        message = "the file is not UTF-8 text; save it as UTF-8"
    except OSError as error:
        message = f"the file cannot be read: {error.strerror or error}"
    raise GraphError([Finding(str(path), 1, message)])


def _models(source: YamlSource, base: Path, findings: Findings) -> Iterator[ModelConfig]:
    for name, entry in source.value["models"].items():
        try:
            graph = find_graph(entry["graph"], base)
        except NotFoundError as error:
            findings.add(source.place("models", name, "graph"), f"model {name!r}: {error}")
        else:
            yield ModelConfig(name, graph, entry.get("parameters", {}), base)


def _findings(error: ValidationError) -> Iterator[tuple[YamlPath, str]]:
    """The places and messages of one mistake that the schema found."""
    path: YamlPath = tuple(error.absolute_path)
    where = ".".join(map(str, path)) or "the configuration"
    part: Any = error.schema
    instance: Any = error.instance
    if error.validator == "additionalProperties":
        known = part["properties"]
        for key in instance:
            if key not in known:
                yield (*path, key), f"unknown key {key!r} in {where}: {did_you_mean(key, known)}"
    elif error.validator == "required":
        missing: Any = error.validator_value
        for key in missing:
            misspelt = [other for other in instance if other not in part["properties"]]
            if key not in instance and not get_close_matches(key, misspelt):
                yield path, f"{where} needs the key {key!r}"
    elif "propertyNames" in error.relative_schema_path:
        yield (*path, instance), f"{shown(instance)} is not {part['title']}"
    else:
        yield path, f"{where} must be {part['title']}, not {shown(instance)}"
