"""The cores there are: each is declared here once, and known by its name everywhere else.

Importing this module loads neither OpenVINO nor a model: a core's code runs in the engine's process.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

import msgspec

from ovpipe.engines.genai import capabilities as genai
from ovpipe.engines.genai.options import GenaiOptions
from ovpipe.engines.graph import capabilities as graph
from ovpipe.engines.graph.options import GraphCoreOptions
from ovpipe.engines.options import CoreOptions
from ovpipe.engines.process.command import HostCommand


class CoreDeclaration(msgspec.Struct, frozen=True, kw_only=True):
    """A backend of the engine: what a graph may set of it, what it can do, and how its processes start."""

    name: str
    """What a graph calls it: `engine: {core: NAME}`."""
    options: type[CoreOptions]
    """Declares the other keys of `engine`, and checks them."""
    capabilities: frozenset[str]
    """What it honours, with the right options. `EngineInfo.capabilities` says what a loaded one does."""
    command: HostCommand
    grammar_checker: HostCommand
    """The process that tries grammars out as this core follows them: with its library, in its way."""
    lacks_by: str = ""
    """What a loaded one lacks a capability by, with the remedy, where that is not its options."""


GENAI: Final = CoreDeclaration(
    name="genai",
    options=GenaiOptions,
    capabilities=genai.ALL,
    command=HostCommand.module("ovpipe.engines.genai"),
    grammar_checker=HostCommand.module("ovpipe.engines.genai.grammar_host"),
)

GRAPH: Final = CoreDeclaration(
    name="graph",
    options=GraphCoreOptions,
    capabilities=graph.ALL,
    command=HostCommand.module("ovpipe.engine_graph"),
    lacks_by="no node of the engine's graph brings it, as one of the shipped graph 'engine' does",
    grammar_checker=HostCommand.module("ovpipe.engines.graph.grammar_host"),
)

CORES: Final[Mapping[str, CoreDeclaration]] = MappingProxyType({core.name: core for core in (GENAI, GRAPH)})


AUTO: Final = "auto"
"""What a graph calls whichever core can load the model, the first of these."""

TAKEN_BY_AUTO: Final = (GRAPH, GENAI)


def cores_with(capability: str) -> tuple[str, ...]:
    """The names of the cores that may honour a request parameter, or have a feature; in their order above."""
    return tuple(core.name for core in CORES.values() if capability in core.capabilities)


def keys_of(core: CoreDeclaration) -> list[msgspec.structs.FieldInfo]:
    """The keys of `engine` in a graph beside `core`: the options that this core has of its own."""
    common = CoreOptions.__struct_fields__
    return [field for field in msgspec.structs.fields(core.options) if field.name not in common]


def shared_keys() -> list[msgspec.structs.FieldInfo]:
    """The keys of `engine` beside `core: auto`: those that all cores have, with one meaning."""
    names = [{key.name for key in keys_of(core)} - {"adapters"} for core in TAKEN_BY_AUTO]
    return [key for key in keys_of(TAKEN_BY_AUTO[0]) if all(key.name in one for one in names)]


def engine_schema() -> dict[str, Any]:
    """The JSON Schema of `engine` in a graph: a core's name and its options."""
    cores = CORES.values()
    _, definitions = msgspec.json.schema_components(
        [core.options for core in cores], ref_template="#/$defs/{name}"
    )
    of_core = {core.name: definitions.pop(core.options.__name__) for core in cores}
    shapes = [_shape(core.name, keys_of(core), of_core[core.name]) for core in cores]
    shapes.append(_shape(AUTO, shared_keys(), of_core[TAKEN_BY_AUTO[0].name]))
    return {"title": "an engine's core and its options", "anyOf": shapes, "$defs": definitions}


def _shape(
    core: str, keys: Iterable[msgspec.structs.FieldInfo], definition: dict[str, Any]
) -> dict[str, Any]:
    name = {"const": core, "default": core, "description": "Which core runs the model."}
    own = {field.name: definition["properties"][field.name] for field in keys}
    return {"type": "object", "properties": {"core": name, **own}, "additionalProperties": False}
