"""Reading: the values of a graph file, whose shape was checked, become a GraphConfig."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from ovpipe.graph.config import (
    BackEdge,
    ExecutorConfig,
    GraphConfig,
    GraphInput,
    Mention,
    NodeConfig,
    Options,
    PolicyStatement,
    StreamConfig,
    Wires,
)
from ovpipe.graph.parameters import MISSING
from ovpipe.graph.place import Findings, Place, shown
from ovpipe.graph.plan import INLINE
from ovpipe.graph.source import YamlSource


def read_config(source: YamlSource, prefix: str, whole: bool, findings: Findings) -> GraphConfig:
    """The config of a source whose shape was checked and whose parameters were filled in.

    `prefix` is what the names of a subgraph begin with.
    """
    return _ConfigReading(source, prefix, findings).graph(whole)


class _ConfigReading:
    """One walk through a source."""

    def __init__(self, source: YamlSource, prefix: str, findings: Findings) -> None:
        self._source = source
        self._value: Mapping[str, Any] = source.value
        self._prefix = prefix
        self._findings = findings

    def graph(self, whole: bool) -> GraphConfig:
        return GraphConfig(
            file=self._source.file,
            prefix=self._prefix,
            name=self._value.get("name"),
            inputs=tuple(self._graph_inputs("inputs")),
            outputs=tuple(self._listed("outputs")),
            side_inputs=tuple(self._graph_inputs("side_inputs")),
            side_outputs=tuple(self._listed("side_outputs")),
            nodes=tuple(self._node(name) for name in self._value.get("nodes", {})),
            streams=tuple(self._stream(name) for name in self._value.get("streams", {})),
            executors=tuple(self._executor(name) for name in self._value.get("executors", {})),
            max_queue_size=self._count("max_queue_size"),
            report_deadlock=self._value.get("report_deadlock", False),
            whole=whole,
        )

    def _mention(self, name: str, *path: str | int, back_edge: BackEdge | None = None) -> Mention:
        return Mention(self._prefix + name, self._source.place(*path), back_edge)

    def _listed(self, key: str) -> Iterator[Mention]:
        for index, name in enumerate(self._value.get(key, [])):
            if name is not None:  # left out, because its shape was wrong
                yield self._mention(name, key, index)

    def _graph_inputs(self, key: str) -> Iterator[GraphInput]:
        for index, entry in enumerate(self._value.get(key, [])):
            stated: Mapping[str, Any] = {"name": entry} if isinstance(entry, str) else entry or {}
            if "name" in stated:
                place = self._source.place(key, index)
                name = self._prefix + stated["name"]
                yield GraphInput(name, place, optional=stated.get("optional", False))

    def _stream(self, name: str) -> StreamConfig:
        path = ("streams", name)
        return StreamConfig(
            self._mention(name, *path),
            self._count(*path, "max_queue_size"),
            self._value["streams"][name].get("overflow"),
        )

    def _executor(self, name: str) -> ExecutorConfig:
        path = ("executors", name)
        return ExecutorConfig(self._mention(name, *path), self._count(*path, "threads") or 1)

    def _count(self, *path: str) -> int | None:
        """A count; None when it is absent or unknown."""
        *way, key = path
        holder: Any = self._value
        for part in way:
            holder = holder[part]
        value = holder.get(key)
        if key not in holder or value is MISSING:
            return None
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            message = f"{'.'.join(path)} must be a whole number, 1 or more, not {shown(value)}"
            self._findings.add(self._source.place(*path), message)
            return None
        return value

    def _node(self, name: str) -> NodeConfig:
        entry = self._value["nodes"][name]
        path = ("nodes", name)
        executor = entry.get("executor", INLINE)
        return NodeConfig(
            name=self._prefix + name,
            place=self._source.place(*path),
            is_subgraph="graph" in entry,
            calculator=self._named(entry, "calculator", *path),
            graph=self._named(entry, "graph", *path),
            inputs=self._wires(entry, name, "inputs"),
            outputs=self._wires(entry, name, "outputs"),
            side_inputs=self._wires(entry, name, "side_inputs"),
            side_outputs=self._wires(entry, name, "side_outputs"),
            options=self._options(entry, "options", *path),
            parameters=self._options(entry, "parameters", *path),
            stated={key: self._source.place(*path, key) for key in entry},
            policy=self._policy(entry, *path) or self._policy(self._value),
            executor=executor if executor == INLINE else self._prefix + executor,
            max_in_flight=self._count(*path, "max_in_flight") or 1,
            on_error=entry.get("on_error", "fail"),
            source_layer=entry.get("source_layer", 0),
        )

    def _named(self, entry: Mapping[str, Any], key: str, *path: str) -> Mention | None:
        value = entry.get(key, MISSING)
        place = self._source.place(*path, key)
        if value is MISSING:
            return None
        if not isinstance(value, str):
            self._findings.add(place, f"the {key} must be a name, not {shown(value)}")
            return None
        return Mention(value, place)

    def _wires(self, entry: Mapping[str, Any], node: str, key: str) -> Wires:
        single: dict[str, Mention] = {}
        lists: dict[str, tuple[Mention, ...]] = {}
        places: dict[str, Place] = {}
        for port, value in entry.get(key, {}).items():
            path = ("nodes", node, key, port)
            places[port] = self._source.place(*path)
            if isinstance(value, list):
                wires = (
                    self._wire(wire, node, f"{port}[{index}]", *path, index)
                    for index, wire in enumerate(value)
                )
                lists[port] = tuple(wire for wire in wires if wire is not None)
            elif wire := self._wire(value, node, port, *path):
                single[port] = wire
        return Wires(single, lists, places)

    def _wire(self, value: Any, node: str, port: str, *path: str | int) -> Mention | None:
        """The wire; None where its name was left out, because its shape was wrong."""
        if not isinstance(value, dict):
            return None if value is None else self._mention(value, *path)
        if "stream" not in value:
            return None
        mark = BackEdge(self._prefix + node, port, self._source.place(*path))
        return self._mention(value["stream"], *path, back_edge=mark if value.get("back_edge") else None)

    def _options(self, entry: Mapping[str, Any], key: str, *path: str) -> Options:
        values = entry.get(key, {})
        places = {name: self._source.place(*path, key, name) for name in values}
        return Options(values, self._source.place(*path, key), places)

    def _policy(self, holder: Mapping[str, Any], *path: str) -> PolicyStatement | None:
        if "input_policy" not in holder:
            return None
        return PolicyStatement(holder["input_policy"], partial(self._source.place, *path, "input_policy"))
