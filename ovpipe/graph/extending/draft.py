"""Draft: the values of a graph while they are put together from several files, each with its place."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

from ovpipe.graph.place import Place
from ovpipe.graph.source import Path, YamlSource

INPUTS, OUTPUTS = "inputs", "outputs"
SIDE_INPUTS, SIDE_OUTPUTS = "side_inputs", "side_outputs"


class Draft:
    """A mapping of YAML values, and the place from which each of them comes."""

    def __init__(self, source: YamlSource) -> None:
        self.value: dict[str, Any] = copy.deepcopy(source.value)
        self.places: dict[Path, Place] = dict(source.places)

    def place(self, *path: str | int) -> Place:
        """The place of the value at a path, or of the nearest value around it."""
        while path not in self.places:
            path = path[:-1]
        return self.places[path]

    def entries(self, *path: str) -> dict[str, Any]:
        """The mapping at a path of keys, which is made if there is none."""
        holder: dict[str, Any] = self.value
        for key in path:
            holder = holder.setdefault(key, {})
        return holder

    def put(self, path: tuple[str, ...], source: YamlSource, written: Path) -> None:
        """Sets a value to that of a source, with all its places."""
        self._forget(path)
        value: Any = source.value
        for key in written:
            value = value[key]
        self.entries(*path[:-1])[path[-1]] = copy.deepcopy(value)
        depth = len(written)
        for one, place in source.places.items():
            if one[:depth] == written:
                self.places[(*path, *one[depth:])] = place

    def drop(self, path: tuple[str, ...]) -> None:
        """Removes a value, if there is one, with all its places."""
        self.entries(*path[:-1]).pop(path[-1], None)
        self._forget(path)

    def _forget(self, path: Path) -> None:
        depth = len(path)
        for one in [one for one in self.places if one[:depth] == path]:
            del self.places[one]

    def wires(self, key: str, *holder: str) -> Iterator[tuple[Path, str]]:
        """What a node wires under a key: paths to names, in a list too, which belong to ports."""
        value: Mapping[str, Any] = self.value
        for part in (*holder, key):
            value = value.get(part, {})
        for port, wire in value.items():
            at: Path = (*holder, key, port)
            ends = [(at, wire)]
            if isinstance(wire, list):
                ends = [((*at, index), one) for index, one in enumerate(wire)]
            for path, one in ends:
                name = one.get("stream") if isinstance(one, dict) else one
                if isinstance(name, str):
                    yield path, name

    def all_wires(self, key: str) -> Iterator[tuple[Path, str]]:
        """The wires of all nodes."""
        for node in self.value.get("nodes", {}):
            yield from self.wires(key, "nodes", node)

    def listed(self, key: str) -> Iterator[tuple[Path, str]]:
        """The names in one of the graph's own lists, such as its inputs, by their paths."""
        for index, one in enumerate(self.value.get(key, [])):
            name = one.get("name") if isinstance(one, dict) else one
            if isinstance(name, str):
                yield (key, index), name

    def named(self, key: str) -> list[str]:
        """The names in one of the graph's own lists."""
        return [name for _, name in self.listed(key)]

    def made(self, inputs: str, outputs: str) -> set[str]:
        """All streams, or all side packets, that enter the graph or that a node writes."""
        return {*self.named(inputs), *(name for _, name in self.all_wires(outputs))}

    def rename(self, path: Path, name: str, place: Place) -> None:
        """Gives a wire another name; a back edge stays one."""
        *way, last = path
        holder: Any = self.value
        for key in way:
            holder = holder[key]
        if isinstance(holder[last], dict):
            holder[last]["stream"] = name
        else:
            holder[last] = name
        self.places[path] = place
