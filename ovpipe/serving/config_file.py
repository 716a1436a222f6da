"""server.yaml: its text becomes a configuration, and every mistake a finding with its line."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from jsonschema import Draft7Validator
from jsonschema.exceptions import ValidationError

from ovpipe.errors import Finding, GraphError, NotFoundError, did_you_mean
from ovpipe.graph.files import find_graph
from ovpipe.graph.parameters import GraphEntry
from ovpipe.graph.place import Findings, Place, shown
from ovpipe.graph.source import Path as YamlPath
from ovpipe.graph.source import YamlSource, read_source
from ovpipe.serving.config import (
    DEFAULT_GRAPHS,
    MODELS_PATH,
    Address,
    ModelConfig,
    ModelGraph,
    Residence,
    ResourceConfig,
    ResourceUse,
    ServerConfig,
    SourceConfig,
)
from ovpipe.serving.limits import Limits, ModelLimits, schema_of
from ovpipe.serving.security.config import SecurityConfig

GIB: Final = 1 << 30


def schema() -> dict[str, Any]:
    """The JSON Schema (draft-07) of server.yaml."""
    text = (files("ovpipe.serving") / "server.schema.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    loaded["properties"]["limits"]["properties"] = schema_of(Limits)
    loaded["definitions"]["model"]["properties"]["limits"]["properties"] = schema_of(ModelLimits)
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
    default, budget = Address(), value.get("memory_budget")
    return ServerConfig(
        models,
        Address(value.get("host", default.host), value.get("port", default.port)),
        Limits(**value.get("limits", {}), by_model=_limits_of_models(value["models"])),
        resources,
        SecurityConfig.of(value.get("security", {}), base),
        None if budget is None else int(budget * GIB),
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
        where = _source(source, "models", name, findings)
        graphs = tuple(_model_graphs(source, name, base, findings))
        residence = _residence(source.value, value)
        yield ModelConfig(name, graphs, _parameters(value, where), base, uses, where, residence)


def _model_graphs(source: YamlSource, model: str, base: Path, findings: Findings) -> Iterator[ModelGraph]:
    """The graphs that the one key or the other names, or those that serve a source."""
    value = source.value["models"][model]
    if "graph" in value and "graphs" in value:
        findings.add(
            source.place("models", model, "graph"),
            f"graph and graphs in models.{model} both say which graphs serve it; leave out one",
        )
    whole: YamlPath = ("models", model)
    if "graphs" in value:
        named = [(name, (*whole, "graphs", index)) for index, name in enumerate(value["graphs"])]
    elif "graph" in value:
        named = [(value["graph"], (*whole, "graph"))]
    else:
        named = [(name, whole) for name in DEFAULT_GRAPHS]
    for name, path in named:
        file = _graph(source, name, path, base, findings)
        if file is not None:
            place = source.place(*(path if "graphs" in value else whole))
            yield ModelGraph(file, _entry(source, "models", model, name, place))


def _residence(server: Mapping[str, Any], model: Mapping[str, Any]) -> Residence:
    """The model's own, or the server's; a pinned one is never idle."""
    pinned = model.get("pinned", False)
    return Residence(None if pinned else model.get("idle_unload", server.get("idle_unload")), pinned)


def _resources(source: YamlSource, base: Path, findings: Findings) -> Iterator[ResourceConfig]:
    for name, value in source.value.get("resources", {}).items():
        graph = _graph(source, value["graph"], ("resources", name, "graph"), base, findings)
        if graph is not None:
            entry = _entry(source, "resources", name, value["graph"], source.place("resources", name))
            where = _source(source, "resources", name, findings)
            yield ResourceConfig(name, graph, _parameters(value, where), base, entry, where)


def _graph(source: YamlSource, graph: str, path: YamlPath, base: Path, findings: Findings) -> Path | None:
    """The file of a graph that is named at `path`: those that are not there are findings."""
    try:
        return find_graph(graph, base)
    except NotFoundError as error:
        key, name, *_ = path
        findings.add(source.place(*path), f"{_kind(str(key))} {name!r}: {error}")
        return None


def _entry(source: YamlSource, key: str, name: str, graph: str, place: Place) -> GraphEntry:
    """What messages say of a graph that is named at `place`, and of the values given to its parameters."""
    value = source.value[key][name]
    places = {
        parameter: source.place(key, name, "parameters", parameter)
        for parameter in value.get("parameters", {})
    }
    if "source" in value:
        places |= {MODELS_PATH: source.place(key, name, "source")}
    return GraphEntry(f"graph {graph}", f"{_kind(key)} {name!r}", place, places)


def _source(source: YamlSource, key: str, name: str, findings: Findings) -> SourceConfig | None:
    """Where the model is; notes what says it a second time."""
    value = source.value[key][name]
    if "source" not in value:
        if "pull" in value:
            findings.add(source.place(key, name, "pull"), f"pull in {key}.{name} needs the key 'source'")
        return None
    place = source.place(key, name, "source")
    if MODELS_PATH in value.get("parameters", {}):
        message = (
            f"source and parameters.{MODELS_PATH} in {key}.{name} both say where the model is; leave out one"
        )
        findings.add(place, message)
    return SourceConfig(value["source"], value.get("pull", "never"), place)


def _parameters(value: Mapping[str, Any], where: SourceConfig | None) -> Mapping[str, Any]:
    """The parameters; models_path is the source's, until somebody looks where that leads to."""
    given: Mapping[str, Any] = value.get("parameters", {})
    return given if where is None else {**given, MODELS_PATH: where.what}


def _limits_of_models(models: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: value["limits"] for name, value in models.items() if "limits" in value}


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
    elif error.validator == "anyOf":
        misspelt = [other for other in instance if other not in part["properties"]]
        if not any(get_close_matches(key, misspelt) for key in ("graph", "graphs", "source")):
            yield path, f"{where} needs the key 'graph', 'graphs' or 'source'"
    elif "propertyNames" in error.relative_schema_path:
        yield (*path, instance), f"{shown(instance)} is not {part['title']}"
    else:
        yield path, f"{where} must be {part['title']}, not {shown(instance)}"
