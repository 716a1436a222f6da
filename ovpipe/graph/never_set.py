"""What no value of a parameter could ever set: an option of another type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from operator import getitem
from typing import Any, Final

from ovpipe.graph.nodes import ResolvedNode
from ovpipe.graph.parameters import Parameter
from ovpipe.graph.place import Findings
from ovpipe.graph.source import YamlSource
from ovpipe.graph.substitution import Uses
from ovpipe.option_types import kinds_of
from ovpipe.options import describe, options_of

KINDS: Final[Mapping[str, frozenset[str]]] = {
    "path": frozenset({"string"}),
    "number": frozenset({"number", "integer"}),
}
"""What values of a parameter of a type are; those of the other types are of one kind, of the same name."""


def check_possible(
    source: YamlSource,
    uses: Uses,
    required: Sequence[Parameter],
    nodes: Mapping[str, ResolvedNode],
    findings: Findings,
) -> None:
    """Notes parameters without a value, so that no value has been tried, that are an option of another type.

    `source` is the file as written; `nodes` are its own, by the names in it.
    """
    for parameter in required:
        for path in uses.get(parameter.name, ()):
            node = nodes.get(str(path[1])) if len(path) == 4 and path[2] == "options" else None
            if node is None or node.calculator is None:
                continue
            if _at(source, path) == f"${{{parameter.name}}}":
                _check(parameter, node, str(path[3]), findings, source, path)


def _check(
    parameter: Parameter,
    node: ResolvedNode,
    option: str,
    findings: Findings,
    source: YamlSource,
    path: Sequence[Any],
) -> None:
    assert node.calculator is not None
    try:
        spec = options_of(node.calculator).get(option)
    except Exception:  # options that cannot be read are another finding
        return
    if spec is None:
        return
    possible = kinds_of(spec.type)
    if possible and possible.isdisjoint(KINDS.get(parameter.type, {parameter.type})):
        findings.add(
            source.place(*path),
            f"parameter {parameter.name!r} is of type {parameter.type}, but option {option!r} of "
            f"{node.title} takes {describe(spec.type)}, so no value fits both; change the parameter's type "
            f"({parameter.place})",
        )


def _at(source: YamlSource, path: Sequence[Any]) -> Any:
    return reduce(getitem, path, source.value)
