"""Insertion: a node is put on a stream, and the stream's readers read what the node writes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

from ovpipe.errors import RegistryError, did_you_mean
from ovpipe.graph.extending.draft import INPUTS, OUTPUTS, SIDE_INPUTS, SIDE_OUTPUTS, Draft
from ovpipe.graph.extending.merging import INSERT, OF_INSERTION
from ovpipe.graph.place import Findings, Place
from ovpipe.graph.source import Path
from ovpipe.ports import PortSet
from ovpipe.registry import Registry

T = TypeVar("T")


class _UnknownPortsError(Exception):
    """The calculator's ports are not known, for which there is a finding."""


class _NotInsertedError(Exception):
    """Why a node cannot be inserted, as its finding says it."""


@dataclass(frozen=True, slots=True)
class _Inserted:
    """A node that is to be put on a stream."""

    name: str
    on: str
    place: Place
    """Where the file says on which stream."""
    reads: tuple[Path, ...]
    """The wires by which it reads the stream."""
    writes: Path
    """The wire that the stream's readers then read."""
    stated: bool
    """Whether the file names the stream that it writes."""


class Insertions:
    """Puts all inserted nodes of a draft on their streams, in the order of the files."""

    def __init__(self, draft: Draft, registry: Registry, findings: Findings) -> None:
        self._draft = draft
        self._registry = registry
        self._findings = findings
        self._last: dict[str, str] = {}
        """For a stream the one that its readers read by now."""
        self.whole = True

    def insert_all(self) -> None:
        """Puts them on their streams; notes those for which that is not possible."""
        inserted = []
        for name, entry in self._draft.value.pop(INSERT, {}).items():
            self._draft.entries("nodes")[name] = {key: entry[key] for key in entry if key not in OF_INSERTION}
            for path in [path for path in self._draft.places if path[:2] == (INSERT, name)]:
                self._draft.places[("nodes", name, *path[2:])] = self._draft.places.pop(path)
            inserted.append((name, entry))
        found = [self._try(name, partial(self._read, name, entry)) for name, entry in inserted]
        for one in found:
            if one is not None:
                self._try(one.name, partial(self._insert, one))

    def _try(self, name: str, step: Callable[[], T]) -> T | None:
        try:
            return step()
        except _NotInsertedError as error:
            self._findings.add(self._draft.place("nodes", name, "on"), str(error))
        except _UnknownPortsError:
            pass
        self.whole = False
        return None

    def _read(self, name: str, entry: Mapping[str, Any]) -> _Inserted:
        """What an entry says; the ports that it does not say are the only ones of its calculator."""
        draft, on = self._draft, entry.get("on")
        if not isinstance(on, str):  # left out, because its shape was wrong
            raise _UnknownPortsError
        place = draft.place("nodes", name, "on")
        reads = [path for path, stream in draft.wires(INPUTS, "nodes", name) if stream == on]
        if not reads:
            reads = [("nodes", name, INPUTS, self._input(name, entry, on))]
        outputs = list(draft.wires(OUTPUTS, "nodes", name))
        wanted = entry.get("output")
        if wanted is not None:
            outputs = [(path, stream) for path, stream in outputs if path[3] == wanted]
        if len(outputs) > 1:
            ports = ", ".join(str(path[3]) for path, _ in outputs)
            raise _NotInsertedError(
                f"the inserted node {name!r} writes several streams, by {ports}; name the port whose stream "
                f"the readers of {on!r} then read: `output: {outputs[0][0][3]}`"
            )
        if outputs:
            return _Inserted(name, on, place, tuple(reads), outputs[0][0], stated=True)
        port = wanted or self._output(name, entry, on)
        return _Inserted(name, on, place, tuple(reads), ("nodes", name, OUTPUTS, port), stated=False)

    def _input(self, name: str, entry: Mapping[str, Any], on: str) -> str:
        what, ports = self._ports(name, entry)
        free = {one: port for one, port in ports.inputs.items() if one not in entry.get(INPUTS, {})}
        required = [one for one, port in free.items() if not port.optional]
        for choice in (required, list(free)):
            if len(choice) == 1:
                return choice[0]
        names = ", ".join(free or ports.repeated_inputs) or "none"
        raise _NotInsertedError(
            f"{what} has no single input that could read {on!r} (there are: {names}); "
            f"wire the one that does: `inputs: {{PORT: {on}}}`"
        )

    def _output(self, name: str, entry: Mapping[str, Any], on: str) -> str:
        what, ports = self._ports(name, entry)
        if len(ports.outputs) == 1:
            return next(iter(ports.outputs))
        names = ", ".join(ports.outputs or ports.repeated_outputs) or "none"
        raise _NotInsertedError(
            f"{what} has no single output that the readers of {on!r} could read (there are: {names}); "
            "name it: `output: PORT`"
        )

    def _ports(self, name: str, entry: Mapping[str, Any]) -> tuple[str, PortSet]:
        calculator = entry.get("calculator")
        if not isinstance(calculator, str) or "${" in calculator:
            what = "a graph" if "graph" in entry else "a calculator that is a parameter"
            raise _NotInsertedError(
                f"the ports of {what} are not known here; wire them, as in `inputs: {{PORT: {entry['on']}}}` "
                "and `outputs: {PORT: STREAM}`"
            )
        try:
            return calculator, self._registry[calculator].ports
        except RegistryError as error:
            self._findings.add(self._draft.place("nodes", name, "calculator"), str(error))
            raise _UnknownPortsError from None

    def _insert(self, one: _Inserted) -> None:
        draft = self._draft
        stream = one.on
        while stream in self._last:
            stream = self._last[stream]
        others = [path for path, read in draft.all_wires(INPUTS) if read == stream and path not in one.reads]
        if stream in draft.named(OUTPUTS):
            read = self._before_the_graphs_output(one, stream)
        else:
            self._check_exists(stream)
            read = stream
            written = self._written(one, one.name)
            for path in others:
                draft.rename(path, written, self._noted(path, one))
            self._last[stream] = written
        self._order(one, read)
        for path in one.reads:
            self._wire(path, read, one.place)

    def _before_the_graphs_output(self, one: _Inserted, stream: str) -> str:
        """The node writes the graph's output; who wrote it writes a stream of another name."""
        draft = self._draft
        writers = [path for path, name in draft.all_wires(OUTPUTS) if name == stream and path != one.writes]
        if not writers:
            self._check_exists(stream)
        if self._written(one, stream) != stream:
            raise _NotInsertedError(
                f"{stream!r} is an output of the graph, so the inserted node {one.name!r} writes it itself; "
                f"name no other stream for its output {one.writes[3]!r}"
            )
        before = f"{stream}_before_{one.name}"
        for path in writers:
            draft.rename(path, before, self._noted(path, one))
        return before

    def _written(self, one: _Inserted, name: str) -> str:
        """The stream that a node writes, by this name unless the file says another."""
        if not one.stated:
            self._wire(one.writes, name, one.place)
            return name
        return dict(self._draft.wires(OUTPUTS, "nodes", one.name))[one.writes]

    def _wire(self, path: Path, name: str, place: Place) -> None:
        if path in self._draft.places:
            self._draft.rename(path, name, self._draft.place(*path))
            return
        self._draft.entries(*map(str, path[:-1]))[str(path[-1])] = name
        self._draft.places[path] = place

    def _noted(self, path: Path, one: _Inserted) -> Place:
        """The place of a wire, which also says why it is another one than stands there."""
        place = self._draft.place(*path)
        return replace(place, used=f"{place.used} (rewired by the node {one.name!r} inserted at {one.place})")

    def _check_exists(self, stream: str) -> None:
        draft = self._draft
        streams = draft.made(INPUTS, OUTPUTS)
        if stream in streams:
            return
        if stream in draft.made(SIDE_INPUTS, SIDE_OUTPUTS):
            raise _NotInsertedError(
                f"{stream!r} is a side packet, and nodes are inserted on streams; replace the node that "
                "makes it, or give it from outside"
            )
        raise _NotInsertedError(f"no node writes a stream {stream!r}; {did_you_mean(stream, streams)}")

    def _order(self, one: _Inserted, read: str) -> None:
        """Puts the node behind the one that writes what it reads, for those who read the whole graph."""
        nodes = self._draft.entries("nodes")
        writers = [str(path[1]) for path, name in self._draft.all_wires(OUTPUTS) if name == read]
        if writers:
            entry = nodes.pop(one.name)
            behind = list(nodes).index(writers[0]) + 1 if writers[0] in nodes else len(nodes)
            items = list(nodes.items())
            nodes.clear()
            nodes.update([*items[:behind], (one.name, entry), *items[behind:]])
