"""YAML text: the values of a graph as its author could have written them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import indent
from typing import Any

import yaml

from ovpipe.graph.source import CORE_SCHEMA

WIDTH = 1_000_000
"""No text is folded."""
LINE = 100
"""About how long a mapping or a list may be that stands on one line."""
FIRST = ("version", "name", "description")
NODES = "nodes"
ORDER = ("calculator", "graph", "side_inputs", "inputs", "outputs", "side_outputs")
OF_PARAMETER = ("type", "default", "fixed")
"""The first keys of a graph, of a node, and of a parameter."""


def yaml_text(graph: Mapping[str, Any]) -> str:
    """The text of a graph, whose nodes stand last: a line for each scalar, and for each key of a node."""
    parts = []
    for key, value in _sorted(graph, FIRST).items():
        if key == "parameters":
            value = {name: _sorted(entry, OF_PARAMETER) for name, entry in value.items()}
        if key != NODES:
            held = isinstance(value, dict)
            parts.append(("\n" if held else "") + _dump({key: _Block(value) if held else value}))
    nodes = [_dump({name: _Block(_sorted(node, ORDER))}) for name, node in graph.get(NODES, {}).items()]
    if nodes:
        parts.append(f"\n{NODES}:\n" + "\n".join(indent(text, "  ") for text in nodes))
    return "".join(parts)


def _sorted(value: Mapping[str, Any], first: Sequence[str]) -> dict[str, Any]:
    return {key: value[key] for key in (*[one for one in first if one in value], *value)}


def _dump(value: dict[str, Any]) -> str:
    text: str = yaml.dump(_Block(value), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=WIDTH)
    return text


class _Block(dict[str, Any]):
    """A mapping that has a line for each entry, however short."""


class _Dumper(yaml.SafeDumper):
    """Writes scalars so that they are read by YAML 1.2's core schema as what they are."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def text(self, text: str) -> yaml.Node:
        quoted = "${" in text or any(pattern.fullmatch(text) for pattern in CORE_SCHEMA.values())
        return self.represent_scalar("tag:yaml.org,2002:str", text, style='"' if quoted else None)

    def mapping(self, value: dict[str, Any]) -> yaml.Node:
        on_one_line = not isinstance(value, _Block) and len(str(value)) <= LINE
        return self.represent_mapping("tag:yaml.org,2002:map", value, flow_style=on_one_line)

    def sequence(self, value: list[Any]) -> yaml.Node:
        return self.represent_sequence("tag:yaml.org,2002:seq", value, flow_style=len(str(value)) <= LINE)


_Dumper.add_representer(str, _Dumper.text)
_Dumper.add_representer(list, _Dumper.sequence)
for _kind in (dict, _Block):
    _Dumper.add_representer(_kind, _Dumper.mapping)
