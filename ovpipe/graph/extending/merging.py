"""Merging: what a file that extends a graph changes of it, but for what it inserts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from ovpipe.errors import did_you_mean
from ovpipe.graph.extending.draft import INPUTS, OUTPUTS, SIDE_INPUTS, SIDE_OUTPUTS, Draft
from ovpipe.graph.place import Findings, Place
from ovpipe.graph.source import YamlSource

ENTRIES = ("parameters", "streams", "executors")
"""Mappings by name whose entries are added key by key."""
WIRING: Final[Mapping[str, str]] = MappingProxyType(
    {OUTPUTS: "wrote", SIDE_OUTPUTS: "made", INPUTS: "read", SIDE_INPUTS: "took"}
)
"""What a replacement has of the node before unless it writes it; what that node did there, for messages."""
CHANGES = ("extends", "remove", "replace", "nodes", "insert")
INSERT = "insert"
OF_INSERTION = ("on", "output")


@dataclass(frozen=True, slots=True)
class Gone:
    """A stream or a side packet that a node of the extended graph wired before it was changed."""

    name: str
    key: str
    """The key of the node under which it stood."""
    change: str
    """What messages say of it, as in "chat.yaml:7 removes node 'mask', which wrote it"."""


class Merging:
    """A draft, file by file from the one that extends none."""

    def __init__(self, first: YamlSource, findings: Findings) -> None:
        self.draft = Draft(first)
        self.gone: list[Gone] = []
        self.whole = True
        """False once a change could not be made, so that a missing name proves nothing."""
        self._findings = findings

    def extend(self, source: YamlSource) -> None:
        """Takes over what one more file says."""
        draft = self.draft
        draft.drop(("name",))
        draft.places[()] = source.place()
        for key in source.value:
            if key in ENTRIES:
                self._add_entries(key, source)
            elif key not in CHANGES:
                draft.put((key,), source, (key,))
        for index, name in enumerate(source.value.get("remove", [])):
            if name is not None:  # left out, because its shape was wrong
                self._remove(name, source.place("remove", index))
        for name in source.value.get("replace", {}):
            self._replace(name, source)
        for kind in ("nodes", INSERT):
            for name in source.value.get(kind, {}):
                self._add(kind, name, source)

    def _add_entries(self, key: str, source: YamlSource) -> None:
        for name, entry in source.value[key].items():
            known = self.draft.entries(key)
            if key == "parameters" and "type" not in {**known.get(name, {}), **entry}:
                message = f"parameters.{name} needs the key 'type': the extended graph has no such parameter"
                self._note(source.place(key, name), f"{message}; {did_you_mean(name, known)}")
                continue
            self.draft.entries(key, name)
            self.draft.places[(key, name)] = source.place(key, name)
            for one in entry:
                self.draft.put((key, name, one), source, (key, name, one))

    def _remove(self, name: str, place: Place) -> None:
        kind = self._kind(name, place, "remove")
        if kind:
            self._note_gone(kind, name, f"{place} removes node {name!r}")
            self.draft.drop((kind, name))

    def _replace(self, name: str, source: YamlSource) -> None:
        place = source.place("replace", name)
        kind = self._kind(name, place, "replace")
        if not kind:
            return
        before = self._before(kind, name, place)
        self._note_gone(kind, name, f"{place} replaces node {name!r}")
        written = source.value["replace"][name]
        kept = (*WIRING, *(OF_INSERTION if kind == INSERT else ()))
        old = [key for key in self.draft.value[kind][name] if key in kept and key not in written]
        self.draft.put((kind, name), source, ("replace", name))
        for key in old:
            self.draft.put((kind, name, key), before, (kind, name, key))

    def _add(self, kind: str, name: str, source: YamlSource) -> None:
        place = source.place(kind, name)
        for other in ("nodes", INSERT):
            if name in self.draft.value.get(other, {}):
                remedy = "put it under `replace`, or take another name"
                where = self.draft.place(other, name)
                self._note(place, f"there is a node {name!r} already ({where}); {remedy}")
                return
        self.draft.put((kind, name), source, (kind, name))

    def _kind(self, name: str, place: Place, change: str) -> str:
        """Whether a node stands in the graph itself or is inserted; "" when there is none."""
        draft = self.draft.value
        for kind in ("nodes", INSERT):
            if name in draft.get(kind, {}):
                return kind
        known = [*draft.get("nodes", {}), *draft.get(INSERT, {})]
        self._note(place, f"{change}: the extended graph has no node {name!r}; {did_you_mean(name, known)}")
        return ""

    def _before(self, kind: str, name: str, place: Place) -> YamlSource:
        """A node as it is before it is replaced; its places say where that is done, too."""
        note = f" (the node's before {place} replaces it)"
        places = {
            path: replace(one, used=note)
            for path, one in self.draft.places.items()
            if path[:2] == (kind, name)
        }
        return YamlSource("", {kind: {name: self.draft.value[kind][name]}}, places)

    def _note_gone(self, kind: str, name: str, change: str) -> None:
        if kind == INSERT:  # its stream has its name, unless its outputs name it
            self.gone.append(Gone(name, OUTPUTS, f"{change}, which wrote it"))
        for key, wired in WIRING.items():
            for _, stream in self.draft.wires(key, kind, name):
                self.gone.append(Gone(stream, key, f"{change}, which {wired} it"))

    def _note(self, place: Place, message: str) -> None:
        self._findings.add(place, message)
        self.whole = False
