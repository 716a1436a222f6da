"""server.yaml: its text becomes a configuration, and every mistake a finding with its line."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator
from jsonschema.exceptions import ValidationError

from ovpipe.errors import Finding, GraphError, NotFoundError, did_you_mean
from ovpipe.graph.files import find_graph
from ovpipe.graph.parameters import GraphEntry
from ovpipe.graph.place import Findings, shown
from ovpipe.graph.source import Path as YamlPath
from ovpipe.graph.source import YamlSource, read_source
from ovpipe.serving.config import Address, ModelConfig, ResourceConfig, ResourceUse, ServerConfig
from ovpipe.serving.limits import Limits


def schema() -> dict[str, Any]:
    """The JSON Schema (draft-07) of server.yaml."""
    text = (files("ovpipe.serving") / "server.schema.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def is_server_config(path: Path) -> bool:
    """Whether a YAML file is a server's configuration, going by its keys, and no graph."""
    try:
        value = read_source(_text(path), str(path)).value
    except GraphError:  # reading it as a graph reports this
        return False
    return isinstance(value, dict) and "nodes" not in value and bool({"models", "resources"} & value.keys())


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
    base = path.absolute().parent
    resources = tuple(_resources(source, base, findings))
    models = tuple(_models(source, base, findings))
    findings.check()
    value = source.value
    default = Address()
    return ServerConfig(
        models,
        Address(value.get("host", default.host), value.get("port", default.port)),
        Limits(**value.get("limits", {})),
        resources,
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
    for name, value in source.value["models"].items():
        uses = tuple(_uses(source, name, value.get("resources", []), findings))
        graph = _graph(source, "models", name, base, findings)
        if graph is not None:
            entry = _entry(source, "models", name)
            yield ModelConfig(name, graph, value.get("parameters", {}), base, uses, entry)


def _resources(source: YamlSource, base: Path, findings: Findings) -> Iterator[ResourceConfig]:
    for name, value in source.value.get("resources", {}).items():
        graph = _graph(source, "resources", name, base, findings)
        if graph is not None:
            entry = _entry(source, "resources", name)
            yield ResourceConfig(name, graph, value.get("parameters", {}), base, entry)


def _graph(source: YamlSource, key: str, name: str, base: Path, findings: Findings) -> Path | None:
    try:
        return find_graph(source.value[key][name]["graph"], base)
    except NotFoundError as error:
        findings.add(source.place(key, name, "graph"), f"{_kind(key)} {name!r}: {error}")
        return None


def _entry(source: YamlSource, key: str, name: str) -> GraphEntry:
    value = source.value[key][name]
    places = {
        parameter: source.place(key, name, "parameters", parameter)
        for parameter in value.get("parameters", {})
    }
    return GraphEntry(f"graph {value['graph']}", f"{_kind(key)} {name!r}", source.place(key, name), places)


def _uses(source: YamlSource, model: str, stated: Any, findings: Findings) -> Iterator[ResourceUse]:
    """What a model says of resources, by names or side packet by side packet; notes unknown names."""
    known = source.value.get("resources", {})
    named: Iterable[tuple[str | int, str, str | None, str | None]] = (
        ((index, name, None, None) for index, name in enumerate(stated))
        if isinstance(stated, list)
        else ((taken, *_parted(whole), taken) for taken, whole in stated.items())
    )
    for key, name, given, taken in named:
        place = source.place("models", model, "resources", key)
        if name in known:
            yield ResourceUse(name, place, given, taken)
        else:
            findings.add(place, f"unknown resource {name!r} of model {model!r}; {did_you_mean(name, known)}")


def _parted(whole: str) -> tuple[str, str]:
    resource, _, packet = whole.rpartition(".")
    return resource, packet


def _kind(key: str) -> str:
    return key.removesuffix("s")


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
