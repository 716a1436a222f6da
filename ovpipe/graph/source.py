"""YamlSource: the text of a graph file as plain values that remember their lines.

Scalars follow YAML 1.2's core schema, as editors and JSON Schema do: `no` and `12:30` are text, `1e-3` is
a number. PyYAML's own rules are those of YAML 1.1, where they are a boolean, ninety-odd minutes and text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any, TypeAlias

import yaml
from yaml.composer import ComposerError

from ovpipe.errors import Finding, GraphError
from ovpipe.graph.place import Findings, Place

Path: TypeAlias = tuple[str | int, ...]
"""The path to a value: keys of mappings and indices of lists, from the top."""

MAX_DEPTH = 64
MAX_VALUES = 100_000
TOO_DEEP = f"values are nested deeper than {MAX_DEPTH} levels"

TAG = "tag:yaml.org,2002:"
CORE_SCHEMA = {
    TAG + "null": re.compile(r"~|null|Null|NULL|"),
    TAG + "bool": re.compile(r"true|True|TRUE|false|False|FALSE"),
    TAG + "int": re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+"),
    TAG + "float": re.compile(
        r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"
    ),
}
REMEDIES = {
    "found character '\\t' that cannot start any token": "a tab stands here; YAML indents with spaces",
    "expected a single document in the stream": "a second document begins; a graph file holds one",
    "but found another document": "a second document begins here; a graph file holds one, so remove '---'",
    "mapping values are not allowed here": "a ':' is not expected here; check the indentation, "
    "and put text that contains ': ' in quotes",
}


@dataclass(frozen=True, slots=True)
class YamlSource:
    """The values of a file, and the place of each: a mapping's entry has the line of its key.

    Where a file extends others, some of its values come from them.
    """

    file: str
    value: Any
    places: Mapping[Path, Place]
    used: str = ""
    """From where a subgraph's file is used; each message about the file ends with it."""
    extended: Mapping[str, FilePath] = field(default_factory=dict)
    """The files that it extends, by their names in places."""

    def place(self, *path: str | int) -> Place:
        """The line of the value at `path`, or of the nearest value around it."""
        while path not in self.places:
            path = path[:-1]
        return self.places[path]

    def folder(self, place: Place, own: FilePath) -> FilePath:
        """The folder of the file in which a place is: `own` for the file itself."""
        return self.extended[place.file].parent if place.file in self.extended else own


def read_source(text: str, file: str, used: str = "") -> YamlSource:
    """The values of a YAML text. Raises GraphError when it is no YAML of the kind a graph may use."""
    try:
        root = _Loader(text).get_single_node()
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise GraphError(
            [Finding(file, line, f"the character U+{ord(text[error.position]):04X} is not allowed in YAML")]
        ) from None
    except yaml.MarkedYAMLError as error:
        raise GraphError([_syntax_finding(error, text, file)]) from None
    if root is None:
        return YamlSource(file, None, {(): Place(file, 1, used)}, used)
    reading = _ValueReading(file)
    value = reading.value(root, ())
    reading.findings.check()
    places = {path: Place(file, line, used) for path, line in reading.lines.items()}
    return YamlSource(file, value, places, used)


class _Loader(yaml.SafeLoader):
    """Composes nodes; resolves plain scalars by the core schema."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0

    def resolve(self, kind: type[yaml.Node], value: Any, implicit: Any) -> str:
        if kind is not yaml.ScalarNode:
            return TAG + ("seq" if kind is yaml.SequenceNode else "map")
        if implicit[0]:
            for tag, pattern in CORE_SCHEMA.items():
                if pattern.fullmatch(value):
                    return tag
        return TAG + "str"

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]  # has no stub
            raise ComposerError(None, None, TOO_DEEP, mark)
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node


class _ValueReading:
    """Turns nodes into values, once through the tree."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.findings = Findings()
        self.lines: dict[Path, int] = {}
        self._around: list[yaml.Node] = []

    def value(self, node: yaml.Node, path: Path) -> Any:
        self.lines.setdefault(path, _line(node))
        if any(node is one for one in self._around):
            self._refuse_outright(node, "an alias (*name) stands inside what it repeats")
        if len(self._around) > MAX_DEPTH:
            self._refuse_outright(node, TOO_DEEP)
        if len(self.lines) > MAX_VALUES:
            self._refuse_outright(node, f"the file is too large: more than {MAX_VALUES} values")
        self._around.append(node)
        try:
            if node.tag == TAG + "map" and isinstance(node, yaml.MappingNode):
                return self._mapping(node, path)
            if node.tag == TAG + "seq" and isinstance(node, yaml.SequenceNode):
                return [self.value(item, (*path, index)) for index, item in enumerate(node.value)]
            return self._scalar(node)
        finally:
            self._around.pop()

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        values: dict[str, Any] = {}
        first_lines: dict[str, int] = {}
        for key_node, value_node in node.value:
            key, line = key_node.value, _line(key_node)
            if key_node.tag != TAG + "str" or not isinstance(key, str):
                kind = key_node.tag.removeprefix(TAG)
                written = f"{key!r} is" if isinstance(key, str) else "this is"
                self._add(line, f"keys must be text, and {written} of type {kind}; put it in quotes")
            elif key == "<<":
                self._add(line, "merge keys (<<) are not supported; repeat the entries, or use parameters")
            elif key in values:
                self._add(line, f"the key {key!r} stands here and in line {first_lines[key]}; remove one")
            else:
                first_lines[key] = self.lines[(*path, key)] = line
                values[key] = self.value(value_node, (*path, key))
        return values

    def _scalar(self, node: yaml.Node) -> Any:
        text, tag = node.value, node.tag
        if tag == TAG + "str" and isinstance(text, str):
            return text
        pattern = CORE_SCHEMA.get(tag)
        if pattern is None:
            self._add(
                _line(node), f"the tag {tag!r} is not supported; write plain text, numbers, lists, mappings"
            )
            return None
        if not isinstance(text, str) or not pattern.fullmatch(text):
            self._add(_line(node), f"this is not of the type {tag.removeprefix(TAG)} that its tag says")
            return None
        try:
            return _constructed(tag.removeprefix(TAG), text)
        except ValueError:
            self._add(_line(node), "the number has too many digits")
            return None

    def _add(self, line: int, message: str) -> None:
        self.findings.add(Place(self.file, line), message)

    def _refuse_outright(self, node: yaml.Node, message: str) -> None:
        self._add(_line(node), message)
        self.findings.check()


def _constructed(kind: str, text: str) -> Any:
    if kind == "null":
        return None
    if kind == "bool":
        return text.lower() == "true"
    if kind == "int":
        return int(text, 0) if text[:2] in ("0o", "0x") else int(text)
    return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _syntax_finding(error: yaml.MarkedYAMLError, text: str, file: str) -> Finding:
    mark = error.problem_mark or error.context_mark
    index = mark.line if mark is not None else 0
    problem = error.problem or "this is no YAML"
    if problem in REMEDIES:
        return Finding(file, index + 1, REMEDIES[problem])
    if error.context_mark is not None and error.context_mark is not mark:
        problem += f" ({error.context}, in line {error.context_mark.line + 1})"
    if "${" in "".join(text.splitlines()[index : index + 1]):
        problem += "; inside [...] and {...}, put ${name} in quotes"
    return Finding(file, index + 1, problem)
