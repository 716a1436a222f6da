"""GraphConfig: what a graph file says, each name with its place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ovpipe.graph.parameters import MISSING
from ovpipe.graph.place import Findings, Place, shown
from ovpipe.graph.plan import DEFAULT_MAX_QUEUE_SIZE
from ovpipe.graph.source import Source
from ovpipe.graph.substitution import holds_missing


@dataclass(frozen=True, slots=True)
class Mention:
    """The name of a stream or a side packet, where the file states it."""

    name: str
    place: Place


@dataclass(frozen=True, slots=True)
class Options:
    """A node's options as the file gives them; `values` is None when a parameter in them has no value."""

    values: Mapping[str, Any] | None
    place: Place
    places: Mapping[str, Place]


@dataclass(frozen=True, slots=True)
class NodeConfig:
    """A node as the file states it. `calculator` is None when its name is not known."""

    name: str
    place: Place
    calculator: Mention | None
    inputs: Mapping[str, Mention]
    outputs: Mapping[str, Mention]
    side_inputs: Mapping[str, Mention]
    side_outputs: Mapping[str, Mention]
    options: Options


@dataclass(frozen=True, slots=True)
class GraphConfig:
    """A graph as the file states it.

    When it is not `whole`, parts were left out because their shape was wrong; then a name that is not
    there proves nothing.
    """

    file: str
    name: str | None
    inputs: tuple[Mention, ...]
    outputs: tuple[Mention, ...]
    side_inputs: tuple[Mention, ...]
    nodes: tuple[NodeConfig, ...]
    max_queue_size: int
    whole: bool


def read_config(source: Source, whole: bool, findings: Findings) -> GraphConfig:
    """The config of a source whose shape was checked and whose parameters were filled in."""
    return GraphConfig(
        file=source.file,
        name=source.value.get("name"),
        inputs=_listed(source, "inputs"),
        outputs=_listed(source, "outputs"),
        side_inputs=_listed(source, "side_inputs"),
        nodes=tuple(_node(source, name, findings) for name in source.value.get("nodes", {})),
        max_queue_size=_max_queue_size(source, findings),
        whole=whole,
    )


def _listed(source: Source, key: str) -> tuple[Mention, ...]:
    names = source.value.get(key, [])
    return tuple(
        Mention(name, source.place(key, index)) for index, name in enumerate(names) if name is not None
    )


def _max_queue_size(source: Source, findings: Findings) -> int:
    value = source.value.get("max_queue_size", DEFAULT_MAX_QUEUE_SIZE)
    if value is MISSING:
        return DEFAULT_MAX_QUEUE_SIZE
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        message = f"max_queue_size must be a whole number, 1 or more, not {shown(value)}"
        findings.add(source.place("max_queue_size"), message)
        return DEFAULT_MAX_QUEUE_SIZE
    return value


def _node(source: Source, name: str, findings: Findings) -> NodeConfig:
    entry = source.value["nodes"][name]

    def wired(key: str) -> Mapping[str, Mention]:
        return {
            port: Mention(wire, source.place("nodes", name, key, port))
            for port, wire in entry.get(key, {}).items()
        }

    return NodeConfig(
        name=name,
        place=source.place("nodes", name),
        calculator=_calculator(source, name, entry.get("calculator", MISSING), findings),
        inputs=wired("inputs"),
        outputs=wired("outputs"),
        side_inputs=wired("side_inputs"),
        side_outputs=wired("side_outputs"),
        options=_options(source, name, entry.get("options", {})),
    )


def _calculator(source: Source, node: str, value: Any, findings: Findings) -> Mention | None:
    place = source.place("nodes", node, "calculator")
    if value is MISSING:
        return None
    if not isinstance(value, str):
        findings.add(place, f"the calculator must be a name, not {shown(value)}")
        return None
    return Mention(value, place)


def _options(source: Source, node: str, values: Mapping[str, Any]) -> Options:
    place = source.place("nodes", node, "options")
    places = {name: source.place("nodes", node, "options", name) for name in values}
    return Options(None if any(map(holds_missing, values.values())) else values, place, places)
