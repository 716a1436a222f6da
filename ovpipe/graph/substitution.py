"""Substitution: `${name}` in a graph file becomes the value of a parameter."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from ovpipe.errors import did_you_mean, nearest
from ovpipe.graph.parameters import MISSING, as_text
from ovpipe.graph.place import Findings
from ovpipe.graph.source import Path, YamlSource

REFERENCE = re.compile(r"\$\$\{|\$\{([^{}]*)(\}?)")
ESCAPED = "$${"
Uses: TypeAlias = Mapping[str, Sequence[Path]]
"""For each parameter of a file the paths to the values that refer to it."""

FILLED_IN_GRAPH = ("max_queue_size", "streams", "executors")
FILLED_IN_NODE = ("calculator", "options", "graph", "parameters", "max_in_flight")


def filled(
    source: YamlSource, values: Mapping[str, Any], whole: bool, findings: Findings
) -> tuple[YamlSource, Uses]:
    """The source with the values of its parameters in place of every reference to them, and their uses.

    A scalar that is exactly `${name}` takes the typed value; inside longer text the value is formatted;
    `$${` stands for `${` itself. A MISSING value makes the scalar MISSING, without a finding.
    Names that do not exist and unused parameters are noted, unless the source is not `whole`.
    """
    filling = _Filling(source, values, whole, findings)
    value = filling.entries(source.value, FILLED_IN_GRAPH, ())
    nodes = source.value.get("nodes", {})
    value["nodes"] = {
        name: filling.entries(node, FILLED_IN_NODE, ("nodes", name)) for name, node in nodes.items()
    }
    if whole:
        filling.check_used()
    return replace(source, value=value), filling.uses


def references(graph: Mapping[str, Any]) -> set[str]:
    """The parameters to which a graph's values refer."""
    nodes = graph.get("nodes", {}).values()
    filled_in = [graph[key] for key in FILLED_IN_GRAPH if key in graph]
    filled_in += [node[key] for node in nodes for key in FILLED_IN_NODE if key in node]
    return set(_references(filled_in))


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from _references(one)
    elif isinstance(value, str):
        yield from (match[1] for match in REFERENCE.finditer(value) if match[0] != ESCAPED)


class _Filling:
    """One walk through a source."""

    def __init__(
        self, source: YamlSource, values: Mapping[str, Any], whole: bool, findings: Findings
    ) -> None:
        self._source = source
        self._values = values
        self._whole = whole
        self._findings = findings
        self._meant: set[str | None] = set()
        self.uses: dict[str, list[Path]] = {}

    def entries(self, holder: Mapping[str, Any], keys: Collection[str], path: Path) -> dict[str, Any]:
        """A mapping with some of its entries filled in."""
        return {key: self.value(item, (*path, key)) if key in keys else item for key, item in holder.items()}

    def value(self, value: Any, path: Path) -> Any:
        if isinstance(value, dict):
            return {key: self.value(item, (*path, key)) for key, item in value.items()}
        if isinstance(value, list):
            return [self.value(item, (*path, index)) for index, item in enumerate(value)]
        return self._text(value, path) if isinstance(value, str) else value

    def check_used(self) -> None:
        for name in self._values:
            if name not in self.uses and name not in self._meant:
                message = (
                    f"parameter {name!r} is not used; write ${{{name}}} where its value belongs, or remove it"
                )
                self._findings.add(self._source.place("parameters", name), message)

    def _text(self, text: str, path: Path) -> Any:
        only = REFERENCE.fullmatch(text)
        if only is not None and text != ESCAPED:
            return self._referred(only, path)
        pieces: list[Any] = []
        end = 0
        for match in REFERENCE.finditer(text):
            pieces.append(text[end : match.start()])
            pieces.append("${" if match[0] == ESCAPED else self._inside_text(match, path))
            end = match.end()
        pieces.append(text[end:])
        return MISSING if MISSING in pieces else "".join(pieces)

    def _inside_text(self, match: re.Match[str], path: Path) -> Any:
        value = self._referred(match, path)
        if value is None:
            message = (
                f"parameter {match[1]!r} is null, which cannot stand inside a longer text; give it a value"
            )
            self._note(message, path)
            return MISSING
        return value if value is MISSING else as_text(value)

    def _referred(self, match: re.Match[str], path: Path) -> Any:
        name, closed = match.groups()
        if not closed:
            self._note("'${' has no closing '}'; write '$${' for the text '${' itself", path)
            return MISSING
        if name in self._values:
            self.uses.setdefault(name, []).append(path)
            return self._values[name]
        if self._whole:
            self._meant.add(nearest(name, self._values))  # most likely the intended one
            remedy = did_you_mean(name, self._values) if self._values else "the graph declares no parameters"
            self._note(f"unknown parameter {name!r}; {remedy}", path)
        return MISSING

    def _note(self, message: str, path: Path) -> None:
        self._findings.add(self._source.place(*path), message)
